using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Stores;

/// <summary>Artifact roots that others wrote: no file outside the store is written or removed.</summary>
[Collection("the current folder")]
public sealed class ArtifactRootTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;
    private readonly DirectoryStore _store;

    public ArtifactRootTests()
    {
        _root = _folder.Below("mlruns");
        _store = new DirectoryStore(_root);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("artifact_uri:\n")]
    [InlineData("artifact_uri: ''\n")]
    [InlineData("artifact_uri: '  '\n")]
    [InlineData("artifact_uri: null\n")]
    [InlineData("artifact_uri: artifacts\n")]
    [InlineData("artifact_uri: ./artifacts\n")]
    [InlineData("artifact_uri: ../elsewhere\n")]
    [InlineData("artifact_uri: .\n")]
    [InlineData("artifact_uri: file:artifacts\n")]
    [InlineData("artifact_uri: 'file:'\n")]
    [InlineData("artifact_uri: file://\n")]
    [InlineData("artifact_uri: file:///\n")]
    [InlineData("artifact_uri: /\n")]
    [InlineData("artifact_uri: file://C:/mlruns/artifacts\n")]
    [InlineData("artifact_uri: file://host/share/artifacts\n")]
    [InlineData("artifact_uri: '\\\\host\\share\\artifacts'\n")]
    public async Task Without_a_root_nothing_is_sent_or_removed_and_the_error_names_file_and_field(string field)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && field.Contains("host", StringComparison.Ordinal), "a share on Windows");
        Assert.SkipWhen(OperatingSystem.IsWindows() && field.Contains("C:", StringComparison.Ordinal), "a folder on Windows");
        Run run = await StartAsync(field);
        string inCurrentFolder = Path.GetFullPath($"{Guid.NewGuid():N}.txt");
        await File.WriteAllTextAsync(inCurrentFolder, "kept");
        try
        {
            MlflowException e = Assert.Throws<MlflowException>(() => ArtifactStores.Open(run, _store));
            Assert.Contains(Path.Combine(_root, "0", run.RunId, "meta.yaml"), e.Message, StringComparison.Ordinal);
            Assert.Contains("artifact_uri", e.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(inCurrentFolder));
        }
        finally
        {
            File.Delete(inCurrentFolder);
        }
    }

    [Theory]
    [InlineData("artifact_uri: /C:/mlruns/artifacts\n")]
    [InlineData("artifact_uri: file:///C:/mlruns/artifacts\n")]
    [InlineData("artifact_uri: file:///c%3A/mlruns/artifacts\n")]
    [InlineData("artifact_uri: 'C:\\mlruns\\artifacts'\n")]
    [InlineData("artifact_uri: D:/mlruns/artifacts\n")]
    public async Task A_root_on_a_drive_of_Windows_is_none_elsewhere(string field)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are roots on Windows");
        await Without_a_root_nothing_is_sent_or_removed_and_the_error_names_file_and_field(field);
    }

    [Theory]
    [InlineData("./mlruns/0/$/artifacts")]
    [InlineData("mlruns/0/$/artifacts/")]
    [InlineData("0/$/artifacts")]
    [InlineData("file:mlruns/0/$/artifacts")]
    [InlineData("file:///C:/some%20one/mlruns/0/$/artifacts")]
    [InlineData("file://C:/mlruns/0/$/artifacts")]
    [InlineData("/C:/mlruns/0/$/artifacts")]
    [InlineData("C:\\mlruns\\0\\$\\artifacts")]
    [InlineData("\\\\host\\share\\mlruns\\0\\$\\artifacts")]
    public async Task A_root_that_is_the_run_s_own_as_it_was_called_elsewhere_is_the_folder_beside_its_file(string root)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && (root.Contains(':') || root.StartsWith(@"\\", StringComparison.Ordinal)), "these are roots on Windows");
        Run run = await StartAsync($"artifact_uri: '{root}'\n");
        string folder = Path.Combine(_root, "0", run.RunId, "artifacts");

        using IArtifactStore artifacts = ArtifactStores.Open(run, _store);
        string source = _folder.Below("source.txt");
        await File.WriteAllTextAsync(source, "x");
        await artifacts.SendAsync(new FileInfo(source), "a/b.txt", _ => { }, default);
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(folder, "a", "b.txt")));
        await artifacts.DeleteAsync("a", default);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_byte_order_mark_before_the_first_field_changes_nothing()
    {
        Run run = await StartAsync($"\ufeffartifact_uri: {LocalUri.FromPath(_folder.Below("there"))}\n");
        Assert.Equal(LocalUri.FromPath(_folder.Below("there")), run.ArtifactUri);
    }

    [Theory]
    [InlineData("")]
    [InlineData("artifact_location: ''\n")]
    [InlineData("artifact_location: elsewhere\n")]
    [InlineData("artifact_location: file:elsewhere/7\n")]
    [InlineData("artifact_location: /C:/mlruns/7\n")]
    public async Task Without_a_location_no_run_starts_and_the_error_names_file_and_field(string field)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && field.Contains("C:", StringComparison.Ordinal), "a root on Windows");
        string id = await _store.CreateExperimentAsync(new("x"), default), file = Path.Combine(_root, id, "meta.yaml");
        await File.WriteAllTextAsync(file, $"{field}experiment_id: '{id}'\nlifecycle_stage: active\nname: x\n");

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => _store.CreateRunAsync(new(id, null, "me", 1), default));
        Assert.Contains(file, e.Message, StringComparison.Ordinal);
        Assert.Contains("artifact_location", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_root, id)));
    }

    [Theory]
    [InlineData("./mlruns/$")]
    [InlineData("file:mlruns/$")]
    [InlineData("file:///C:/mlruns/$")]
    public async Task A_location_that_is_the_experiment_s_own_as_it_was_called_elsewhere_is_its_folder(string location)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && location.Contains("C:", StringComparison.Ordinal), "a root on Windows");
        string id = await _store.CreateExperimentAsync(new("x"), default), file = Path.Combine(_root, id, "meta.yaml");
        await File.WriteAllTextAsync(
            file, $"artifact_location: {location.Replace("$", id, StringComparison.Ordinal)}\nexperiment_id: '{id}'\nlifecycle_stage: active\nname: x\n");

        Run run = await _store.CreateRunAsync(new(id, null, "me", 1), default);
        Assert.Equal($"{LocalUri.FromPath(Path.Combine(_root, id))}/{run.RunId}/artifacts", run.ArtifactUri);
    }

    [Theory]
    [InlineData("")]
    [InlineData("./mlartifacts/0/x/artifacts")]
    [InlineData("file:mlruns")]
    public void A_root_from_a_server_is_refused_too(string root)
    {
        using var server = new RestStore(new Uri("http://localhost:1"), new ConnectionOptions());
        var run = new Run { RunId = "abc", ExperimentId = "0", ArtifactUri = root };

        MlflowException e = Assert.Throws<MlflowException>(() => ArtifactStores.Open(run, server));
        Assert.Contains("artifact_uri", e.Message, StringComparison.Ordinal);
        Assert.Contains("abc", e.Message, StringComparison.Ordinal);
    }

    // The run's meta.yaml with another field instead of its artifact_uri.
    private async Task<Run> StartAsync(string field)
    {
        Run run = await _store.CreateRunAsync(new("0", "x", "me", 1), default);
        string file = Path.Combine(_root, "0", run.RunId, "meta.yaml"), text = await File.ReadAllTextAsync(file);
        string rest = text.Substring(text.IndexOf('\n', StringComparison.Ordinal) + 1);
        await File.WriteAllTextAsync(file, field.Replace("$", run.RunId, StringComparison.Ordinal) + rest);
        return await _store.GetRunAsync(run.RunId, default);
    }
}
