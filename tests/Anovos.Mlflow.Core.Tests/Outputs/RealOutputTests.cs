using System.Text.RegularExpressions;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tests.Workflow;

namespace Anovos.Mlflow.Tests.Outputs;

/// <summary>Trees written by real workflows: the plan must know each of their files.</summary>
public sealed class RealOutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [MemberData(nameof(Recording.Names), MemberType = typeof(Recording))]
    public void Every_file_of_a_real_workflow_is_of_a_step_and_has_its_documented_path(string name)
    {
        Recording recording = Recording.Of(name);
        string[] tree = [.. recording.Tree.Where(path => !path.StartsWith("tracking/", StringComparison.Ordinal))];

        // It creates a report from the statistics of an earlier workflow.
        if (name == "j_report_only_tracked")
            tree = [.. tree.Where(path => path.EndsWith(".html", StringComparison.Ordinal))];
        foreach (string path in tree)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.Below(path))!);
            File.WriteAllText(_folder.Below(path), "");
        }

        AnovosPlan plan = AnovosPlan.Of(recording.ConfigIn(_folder.FullPath), _folder.FullPath, recording.RunId);
        IReadOnlyList<ScannedOutput> outputs = OutputScan.Of(plan, includeChecksums: true, TestContext.Current.CancellationToken);
        OutputFile[] files = [.. outputs.SelectMany(output => output.Files)];
        Assert.Equal(tree.Order(StringComparer.Ordinal),
            files.Select(file => Path.GetRelativePath(_folder.FullPath, file.FullPath).Replace('\\', '/')).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.DoesNotMatch("[0-9a-f]{32}/", file.ArtifactPath));
        if (recording.ExitCode != 0)
            return;
        Assert.All(outputs.Where(output => output.Path is { } path && Regex.IsMatch(path, "[0-9a-f]{32}")), output =>
            Assert.NotEmpty(output.Files));
    }

    [Fact]
    public void What_Anovos_uploaded_itself_has_the_same_paths_among_the_artifacts()
    {
        Recording recording = Recording.Of("a4_mlflow_reports_ok");
        foreach (string path in recording.Tree)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.Below(path))!);
            File.WriteAllText(_folder.Below(path), "");
        }

        AnovosPlan plan = AnovosPlan.Of(recording.ConfigIn(_folder.FullPath), _folder.FullPath, recording.RunId);
        HashSet<string> ours =
            [.. OutputScan.Of(plan, includeChecksums: true).SelectMany(output => output.Files).Select(file => file.ArtifactPath)];
        string[] theirs = [.. recording.Mlflow!.Value.GetProperty("artifacts").EnumerateArray()
            .Select(file => file.GetProperty("path").GetString()!)];
        Assert.NotEmpty(theirs);
        Assert.Equal([], theirs.Where(path => !ours.Contains(path)));
    }

    public void Dispose() => _folder.Dispose();
}
