using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>The topics on the module in use: PowerShell finds them, and their examples run as printed.</summary>
public sealed class HelpTopicTests : IDisposable
{
    private const string Interactive = "about_Anovos_Mlflow_Interactive";
    private const string Pipelines = "about_Anovos_Mlflow_Pipelines";
    private const string Databricks = "about_Anovos_Mlflow_Databricks";

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-topic-").FullName;

    internal static IReadOnlyList<string> Topics { get; } = [Interactive, Pipelines, Databricks];

    [Fact]
    public void The_overview_names_every_topic_and_every_topic_names_the_overview()
    {
        using var session = new ScriptSession();
        string[] texts = [.. Topics.Prepend("about_Anovos_Mlflow").Select(topic => session.Run("Get-Help " + topic).Clean().Single.ToString())];
        Assert.All(Topics, topic => Assert.Contains("    " + topic + "\n", texts[0].ReplaceLineEndings("\n")));
        Assert.All(texts[1..], text => Assert.Contains("    about_Anovos_Mlflow\n", text.ReplaceLineEndings("\n")));
        Assert.Equal(Topics.Order(), Directory.GetFiles(Path.Combine(Repository.StagedModule, "en-US"), "about_Anovos_Mlflow_*.help.txt").Select(file => Path.GetFileName(file)[..^".help.txt".Length]).Order());
    }

    [Theory]
    [InlineData(Interactive)]
    [InlineData(Pipelines)]
    [InlineData(Databricks)]
    public void A_topic_is_short_and_every_Windows_PowerShell_can_read_it(string topic)
    {
        string[] lines = Lines(topic);
        Assert.Equal(["TOPIC", "    " + topic, "", "SHORT DESCRIPTION"], lines[..4]);
        Assert.InRange(lines.Length, 1, 85);
        Assert.All(lines, line => Assert.True(line.Length <= 80 && line.All(character => character is >= ' ' and <= '~'), line));
    }

    // In a real PowerShell, because the examples use its modules too.
    [Theory]
    [InlineData(Interactive)]
    [InlineData(Pipelines)]
    [InlineData(Databricks)]
    public void Examples_parse_and_bind_to_parameters_that_exist(string topic)
    {
        (int exitCode, string output, string error) = RunScript(
            $$"""
            using namespace System.Management.Automation.Language
            Import-Module '{{Repository.StagedModule}}'
            foreach ($file in Get-ChildItem ./example-*.ps1) {
                $errors = $null
                $script = [Parser]::ParseFile($file.FullName, [ref] $null, [ref] $errors)
                $errors | ForEach-Object Message
                foreach ($command in $script.FindAll({ $args[0] -is [CommandAst] }, $true)) {
                    if ($command.GetCommandName() -eq 'python') { continue }
                    $null = Get-Command $command.GetCommandName()

                    # What is splatted is known only when it is typed.
                    if ($command.CommandElements | Where-Object { $_.Splatted }) { continue }
                    $binding = [StaticParameterBinder]::BindCommand($command, $true)
                    foreach ($wrong in $binding.BindingExceptions.Values) { "$command : $($wrong.BindingException.Message)" }
                }
            }
            """,
            Examples(topic));
        Assert.Equal((0, "", ""), (exitCode, output, error));
    }

    [Fact]
    public void The_interactive_examples_run_as_printed()
    {
        CopySample("Customers", "sqlite:///mlflow.db");
        string output = Type(Examples(Interactive));
        foreach (string shown in new[] { "nightly", "report_stats/global_summary.csv", "csv", "missing.pct", "report.html", "team.db" })
            Assert.Contains(shown, output);
        Assert.True(File.Exists(Path.Combine(_folder, "received", "report_stats", "global_summary.csv")));
    }

    [Fact]
    public async Task The_examples_of_pipelines_run_as_printed()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        CopySample("Customers", server.Uri.ToString());
        Type(Examples(Pipelines), ("MLFLOW_TRACKING_URI", server.Uri.ToString()));
        Assert.Equal(["FINISHED", "FINISHED", "FINISHED"], server.Runs.Select(run => run.Status));
    }

    [Fact]
    public async Task The_examples_of_Databricks_run_as_printed_but_for_the_sign_in()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new() { Workspace = new() { UnityCatalog = new() } });
        CopySample("/Shared/Customers", "databricks");
        Write(
            "model/MLmodel",
            """
            flavors: {python_function: {loader_module: mlflow.sklearn}}
            signature: {inputs: '[{"type": "double", "name": "age"}]', outputs: '[{"type": "long"}]'}
            """);
        string[] examples = [.. Examples(Databricks).Where(example => !example.StartsWith("$env:", StringComparison.Ordinal) && !example.StartsWith("Connect-Mlflow", StringComparison.Ordinal))];
        string output = Type(examples, ("DATABRICKS_HOST", server.Uri.ToString()), ("DATABRICKS_TOKEN", "dapi-personal"));
        Assert.Contains("IdentityNotUsed", output);
        Assert.Equal(["FINISHED", "FINISHED", "FINISHED"], server.Runs.Select(run => run.Status));
        Assert.Equal("main.ml.income", Assert.Single(server.Workspace!.CatalogModels).Name);
        Assert.Single(server.Workspace.Jobs);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string[] Lines(string topic) =>
        File.ReadAllText(Path.Combine(Repository.StagedModule, "en-US", topic + ".help.txt")).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

    /// <summary>The blocks of lines that are indented twice.</summary>
    private static string[] Examples(string topic)
    {
        const string Indent = "        ";
        List<List<string>> examples = [];
        bool isInside = false;
        foreach (string line in Lines(topic))
        {
            bool isCode = line.StartsWith(Indent, StringComparison.Ordinal);
            if (isCode && !isInside)
                examples.Add([]);
            if (isCode)
                examples[^1].Add(line[Indent.Length..]);
            isInside = isCode;
        }

        Assert.NotEmpty(examples);
        return [.. examples.Select(lines => string.Join('\n', lines))];
    }

    // One after the other in one session. Each is a script, because one of them exits.
    private string Type(string[] examples, params (string Name, string? Value)[] variables)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the programs of the workflows are shell scripts");
        string programs = Path.Combine(_folder, "programs");
        foreach (string program in new[] { "python", "spark-submit" })
        {
            string path = Write($"programs/{program}", "#!/bin/sh\nexit 0\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        string script = string.Join('\n', examples.Select((_, index) => $". ./example-{index}.ps1"));
        (int exitCode, string output, string error) = RunScript(
            $"$ErrorActionPreference = 'Stop'; Import-Module '{Repository.StagedModule}'\n{script}",
            examples, [.. variables, ("PATH", $"{programs}{Path.PathSeparator}{CleanEnvironment.SearchPath}")]);
        Assert.True((exitCode, error) == (0, ""), $"{exitCode}: {error}\n{output}");
        return output;
    }

    private (int ExitCode, string Output, string Error) RunScript(string script, string[] examples, params (string Name, string? Value)[] variables)
    {
        for (int i = 0; i < examples.Length; i++)
            Write($"example-{i}.ps1", examples[i]);
        return CleanProcess.Run(
            Repository.Pwsh, ["-NoProfile", "-NonInteractive", "-File", Write("script.ps1", script)], _folder,
            [.. CleanEnvironment.Variables, ("NO_COLOR", "1"), .. variables]);
    }

    private void CopySample(string experiment, string trackingUri)
    {
        string sample = Path.Combine(Repository.Root, "samples", "customers");
        foreach (string file in Directory.GetFiles(sample, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(_folder, Path.GetRelativePath(sample, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        string config = File.ReadAllText(Path.Combine(_folder, "config.yaml"));
        Write("config.yaml", config.Replace("\"Customers\"", experiment).Replace("\"sqlite:///mlflow.db\"", trackingUri));
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }
}
