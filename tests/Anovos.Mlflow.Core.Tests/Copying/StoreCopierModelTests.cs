using System.Text.Json.Nodes;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Models and ids through the copier of whole stores.</summary>
public sealed class StoreCopierModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<SyncResult> _rows = [];
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_row_is_the_one_that_MLflow_makes()
    {
        MlflowPython.Require();
        string mlruns = _folder.Below("store", "mlruns");
        Directory.CreateDirectory(_folder.Below("store"));
        await MlflowPython.RunAsync(MlflowPython.Start("write_everything.py", mlruns));
        string theirs = _folder.Below("theirs.db"), ours = _folder.Below("ours.db");
        await MlflowPython.RunAsync(MlflowPython.Start("migrate_filestore.py", _folder.Below("store"), theirs));
        using var source = new DirectoryStore(mlruns);
        using var target = new SqliteStore(ours);
        var options = new CopyOptions { KeepIds = true, KeepArtifactLocations = true, Warn = _warnings.Add };

        for (int pass = 0; pass < 2; pass++)
        {
            await CopyAsync(source, target, options);

            Assert.Empty(_warnings);
            Assert.DoesNotContain(_rows, row => row.Missing.Count > 0 || row.Status is not ("Synced" or "Running"));
            JsonNode result = JsonNode.Parse(await MlflowPython.RunAsync(MlflowPython.Start("compare_databases.py", theirs, ours)))!;
            Assert.Equal("{}", result["different"]!.ToJsonString());
            Assert.Equal("""{"workspaces":1}""", result["only in one"]!.ToJsonString());
        }
    }

    [Fact]
    public async Task Runs_models_and_versions_arrive_at_a_server()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V3_11 });
        using var target = new RestStore(server.Uri, new ConnectionOptions());
        var source = new FolderWithModels(_folder);

        for (int pass = 0; pass < 2; pass++)
        {
            await CopyAsync(source.Store, target, new CopyOptions { Warn = _warnings.Add });

            Assert.Equal(
                "", string.Join("\n", _rows.SelectMany(row => row.Missing)) + string.Join("\n", _rows.Select(row => row.Reason)).Trim());
            Experiment experiment = (await target.FindExperimentAsync(source.ExperimentName, default))!;
            Page<Run> runs = await target.SearchRunsAsync(new RunSearch([experiment.ExperimentId]), null, default);
            Run child = runs.Items.Single(run => run.RunName == "child");
            Page<LoggedModel> models = await ModelRegistry.Of(
                target).Logged.SearchAsync([experiment.ExperimentId], null, 100, null, default);
            Assert.Equal(2, models.Items.Count);
            LoggedModel second = models.Items.Single(model => model.Name == "second");
            Assert.Equal((child.RunId, 3), (second.RunId, second.Points.Count));
            Assert.Equal([new ModelOutput(second.ModelId, 7)], (await target.GetRunAsync(child.RunId, default)).Models.Outputs);
            Page<Metric> history = await target.GetMetricHistoryAsync(child.RunId, "acc", null, default);
            Assert.Equal([0.1, 0.2], history.Items.OrderBy(point => point.Step).Select(point => point.Value));
            Assert.Equal(["READY", "UPLOAD_FAILED"], models.Items.Select(model => model.Status).Order());
            RegisteredModel registered = await ModelRegistry.Of(target).Models.GetAsync(source.ModelName, default);
            Assert.Equal(4, registered.LatestVersion);
        }

        Assert.All(_rows, row => Assert.Equal("Synced", row.Status));
    }

    [Fact]
    public async Task Counting_writes_nothing()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V3_11 });
        using var target = new RestStore(server.Uri, new ConnectionOptions());
        var source = new FolderWithModels(_folder);

        await CopyAsync(source.Store, target, new CopyOptions { CountOnly = true }, withRegistry: false);

        Assert.Equal(2, _rows.Count);
        Assert.Equal((2, 18L), (_rows.Sum(row => row.Artifacts), _rows.Sum(row => row.Bytes)));
        Assert.Single(server.Experiments);
        Assert.DoesNotContain(server.Requests, request => request.Path.Contains("create", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_versions_of_selected_runs_are_copied(bool keepsIds)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V3_11 });
        using ITrackingStore target = keepsIds
            ? new SqliteStore(_folder.Below("copy.db")) : new RestStore(server.Uri, new ConnectionOptions());
        var source = new FolderWithModels(_folder);
        var registry = ModelRegistry.Of(target);
        for (int pass = 0; pass < 2; pass++)
        {
            var copier = new StoreCopier(source.Store, target, new CopyOptions { KeepIds = keepsIds });
            await copier.CheckRegistriesAsync(default);
            copier.Add([FolderWithModels.Parent]);
            await copier.CopyAsync(_ => { }, default);
            List<ModelResult> models = [];
            Assert.Equal(1, await copier.CopyModelsAsync(models.Add, default));

            ModelResult model = Assert.Single(models);
            Assert.Equal((source.ModelName, "Incomplete", pass == 0 ? 2 : 0, pass == 0 ? 1 : 0),
                (model.Name, model.Status, model.Versions, model.Aliases));
            Assert.Equal(
                [
                    $"Alias '{source.ModelName}@challenger': The version 5 that it points to is not copied.",
                    $"ModelVersion 'models:/{source.ModelName}/4': It belongs to no run. Copy-MlflowExperiment * copies such versions as well.",
                    $"ModelVersion 'models:/{source.ModelName}/5': Its run 00000000000000000000000000000000 is not part of this copy.",
                    $"ModelVersion 'models:/{source.ModelName}/6': It belongs to no run. Copy-MlflowExperiment * copies such versions as well.",
                ],
                model.Missing.Select(item => item.ToString()));
            Assert.Equal([source.ModelName], await ModelCopier.NamesAsync(registry, default));
            Page<ModelVersion> versions = await registry.Versions.SearchAsync(
                ModelFilter.VersionsOfModel(source.ModelName), 100, null, default);
            Assert.Equal([1, 2], versions.Items.Select(version => version.Version).Order());
            Assert.Equal(2, (await registry.Aliases.GetAsync(source.ModelName, "champion", default)).Version);
        }
    }

    [Fact]
    public async Task All_of_the_registry_is_copied_with_all_experiments()
    {
        using var target = new SqliteStore(_folder.Below("copy.db"));
        var source = new FolderWithModels(_folder);
        var copier = new StoreCopier(source.Store, target, new CopyOptions { AllModels = true });
        await copier.AddAsync((await source.Store.FindExperimentAsync(source.ExperimentName, default))!, null, ViewType.All, default);
        await copier.CopyAsync(_ => { }, default);
        List<ModelResult> models = [];

        Assert.Equal(0, await copier.CopyModelsAsync(models.Add, default));

        Assert.Equal([(source.ModelName, 4), (source.PromptName, 1)], models.Select(model => (model.Name, model.Versions)));
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(true, "copied")]
    public async Task Models_are_counted_and_nothing_is_written(bool keepsIds, string before)
    {
        string path = _folder.Below("copy.db");
        using var target = new SqliteStore(path);
        var source = new FolderWithModels(_folder);
        if (before.Length > 0)
            await CopyAsync(source.Store, target, new CopyOptions { KeepIds = keepsIds });
        byte[] database = File.Exists(path) ? await File.ReadAllBytesAsync(path, default(CancellationToken)) : [];
        var copier = new StoreCopier(source.Store, target, new CopyOptions { KeepIds = keepsIds, CountOnly = true, AllModels = true });
        await copier.CheckRegistriesAsync(default);
        await copier.AddAsync((await source.Store.FindExperimentAsync(source.ExperimentName, default))!, null, ViewType.All, default);
        await copier.CopyAsync(_ => { }, default);
        List<ModelResult> models = [];
        await copier.CopyModelsAsync(models.Add, default);

        Assert.Equal(
            before.Length > 0 ? [(source.ModelName, 0, 0), (source.PromptName, 0, 0)]
            : [(source.ModelName, keepsIds ? 6 : 5, 2), (source.PromptName, 1, 1)],
            models.Select(model => (model.Name, model.Versions, model.Aliases)));
        Assert.Equal(before.Length > 0, File.Exists(path));
        if (before.Length > 0)
            Assert.Equal(database, await File.ReadAllBytesAsync(path, default(CancellationToken)));
    }

    [Theory]
    [InlineData(null, 3)]
    [InlineData("attributes.run_name = 'parent'", 1)]
    public async Task A_filter_selects_runs_and_nothing_beside_them(string? filter, int models)
    {
        using var target = new SqliteStore(_folder.Below("copy.db"));
        var source = new FolderWithModels(_folder);
        string folder = _folder.Below("mlruns", FolderWithModels.Experiment);
        string copy = Path.Combine(folder, "models", "m-" + new string('1', 32));
        Directory.CreateDirectory(copy);
        string meta = await File.ReadAllTextAsync(
            Path.Combine(folder, "models", FolderWithModels.Model, "meta.yaml"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(copy, "meta.yaml"),
            meta.Replace(FolderWithModels.Model, Path.GetFileName(copy)).Replace(FolderWithModels.Parent, "null"),
            TestContext.Current.CancellationToken);
        string trace = Path.Combine(folder, "traces", "tr-1");
        Directory.CreateDirectory(trace);
        await File.WriteAllTextAsync(Path.Combine(trace, "trace_info.yaml"), "trace_id: tr-1\n", TestContext.Current.CancellationToken);
        var copier = new StoreCopier(source.Store, target, new CopyOptions { Warn = _warnings.Add });
        await copier.AddAsync((await source.Store.FindExperimentAsync(source.ExperimentName, default))!, filter, ViewType.All, default);

        await copier.CopyAsync(_ => { }, default);

        Experiment experiment = (await target.FindExperimentAsync(source.ExperimentName, default))!;
        Page<LoggedModel> found = await ModelRegistry.Of(target).Logged.SearchAsync([experiment.ExperimentId], null, 100, null, default);
        Assert.Equal(models, found.Items.Count);
        Assert.Equal(filter is null ? 1 : 0, _warnings.Count(warning => warning.Contains("Traces are not copied")));
    }

    [Fact]
    public async Task A_version_of_a_version_of_another_model_comes_after_that_one()
    {
        using var source = new SqliteStore(_folder.Below("source.db"));
        using var target = new SqliteStore(_folder.Below("copy.db"));
        var registry = ModelRegistry.Of(source);
        string[][] chain = [["d", "s3://bucket/x"], ["c", "s3://bucket/x"], ["b", "models:/c/1"], ["a", "models:/b/1"]];
        foreach (string[] link in chain)
        {
            await registry.Models.CreateAsync(link[0], "", [], default);
            await registry.Versions.CreateAsync(new NewModelVersion(link[0], link[1]), default);
        }

        await registry.Versions.CreateAsync(new NewModelVersion("b", "models:/d/1"), default);
        await registry.Versions.DeleteAsync("d", 1, default);
        await registry.Aliases.SetAsync("a", "live", 1, default);
        var copier = new StoreCopier(source, target, new CopyOptions { AllModels = true });
        List<ModelResult> models = [];

        await copier.CopyModelsAsync(models.Add, default);

        Assert.Equal(
            [("a", "Synced", 1, 1), ("b", "Incomplete", 1, 0), ("c", "Synced", 1, 0), ("d", "Synced", 0, 0)],
            models.OrderBy(model => model.Name).Select(model => (model.Name, model.Status, model.Versions, model.Aliases)));
        Assert.Equal("models:/b/1", (await ModelRegistry.Of(target).Versions.GetAsync("a", 1, default)).Source);
        Assert.Contains("models:/d/1", Assert.Single(models.Single(model => model.Name == "b").Missing).Reason);
    }

    [Fact]
    public async Task A_folder_gets_no_registered_models()
    {
        using var target = new DirectoryStore(_folder.Below("copies"));
        var source = new FolderWithModels(_folder);
        var copier = new StoreCopier(source.Store, target, new CopyOptions());

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => copier.CheckRegistriesAsync(default));

        Assert.Equal(ErrorKind.NotSupported, e.Kind);
        Assert.Contains("-Model", e.Message);
    }

    private async Task CopyAsync(ITrackingStore source, ITrackingStore target, CopyOptions options, bool withRegistry = true)
    {
        _rows.Clear();
        var copier = new StoreCopier(source, target, options with { AllModels = true });
        List<Experiment> experiments = await PageWalker.ReadAllAsync(
            token => source.SearchExperimentsAsync(new ExperimentSearch(ViewType.All), token, default));
        foreach (Experiment experiment in experiments)
            await copier.AddAsync(experiment, null, ViewType.All, default);
        await copier.CopyAsync(
            row =>
            {
                lock (_rows)
                    _rows.Add(row);
            },
            default);
        if (!withRegistry)
            return;
        await copier.CopyModelsAsync(_ => { }, default);
    }
}
