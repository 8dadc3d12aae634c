using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>What MLflow 3 keeps in a folder beside runs, as it is read.</summary>
public sealed class FolderModelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderWithModels _source;
    private readonly ModelRegistry _registry;

    public FolderModelsTests()
    {
        _source = new FolderWithModels(_folder);
        _registry = ModelRegistry.ToCopyFrom(_source.Store);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_names_the_models_that_it_reads_and_made()
    {
        Run child = await _source.Store.GetRunAsync(FolderWithModels.Child, default);

        Assert.Equal([FolderWithModels.Model], child.Models.Inputs);
        Assert.Equal([new ModelOutput(FolderWithModels.Second, 7)], child.Models.Outputs);
        Assert.Empty(child.Inputs);
        Assert.Empty(_source.Warnings);
    }

    [Fact]
    public async Task A_logged_model_has_all_that_MLflow_wrote()
    {
        LoggedModel model = await _registry.Logged.GetAsync(FolderWithModels.Second, default);

        Assert.Equal(
            ("second", FolderWithModels.Experiment, FolderWithModels.Child, "thing", "UPLOAD_FAILED"),
            (model.Name, model.ExperimentId, model.RunId, model.ModelType, model.Status));
        Assert.Equal(1700000001600, model.LastUpdateTime?.ToUnixTimeMilliseconds());
        Assert.Equal(0.9, model.Metrics["acc"]);
        Assert.Equal(
            new LoggedModelMetric("acc", 0.9, 1700000003002, 2, FolderWithModels.Parent)
            {
                DatasetName = "income",
                DatasetDigest = "abc123",
            },
            model.Points[^1]);
        Assert.Equal($"{_source.Uri}/{FolderWithModels.Experiment}/models/{FolderWithModels.Second}/artifacts", model.ArtifactUri);
    }

    [Fact]
    public async Task A_model_in_the_trash_is_only_in_the_list_of_all()
    {
        Page<LoggedModel> found = await _registry.Logged.SearchAsync([FolderWithModels.Experiment], null, 100, null, default);
        IReadOnlyList<LoggedModel> all = await ((ILocalLoggedModels)_registry.Logged).ListAllAsync(FolderWithModels.Experiment, default);

        Assert.Equal([FolderWithModels.Model, FolderWithModels.Second], found.Items.Select(model => model.ModelId));
        Assert.Equal(3, all.Count);
        await Assert.ThrowsAsync<MlflowException>(() => _registry.Logged.GetAsync(FolderWithModels.Removed, default));
    }

    [Fact]
    public async Task A_point_with_a_dataset_is_copied_with_the_step_that_was_logged()
    {
        string metrics = _folder.Below("mlruns", FolderWithModels.Experiment, FolderWithModels.Child, "metrics");
        await File.AppendAllTextAsync(Path.Combine(metrics, "acc"), "1700000003100 0.9 3 income abc123\n");

        Page<Metric> copied = await MetricHistory.ToCopyAsync(_source.Store, FolderWithModels.Child, "acc", null, default);
        Page<Metric> read = await _source.Store.GetMetricHistoryAsync(FolderWithModels.Child, "acc", null, default);

        Assert.Equal(new Metric("acc", 0.9, 1700000003100, 3), copied.Items[^1]);
        Assert.Equal(new Metric("acc", 0.9, 1700000003100, 0), read.Items[^1]);
    }

    [Fact]
    public async Task The_registry_is_read_without_the_versions_that_were_removed()
    {
        RegisteredModel model = await _registry.Models.GetAsync(_source.ModelName, default);

        Assert.Equal("what it is", model.Description);
        Assert.Equal("ops", model.Tags["owner"]);
        Assert.Equal(2, model.Aliases["champion"]);
        Assert.Equal([2L, 6L], model.LatestVersions.Select(version => version.Version).Order());
        ModelVersion second = await _registry.Versions.GetAsync(_source.ModelName, 2, default);
        Assert.Equal(("Production", "second version", "b"), (second.Stage, second.Description, second.Tags["a"]));
        Assert.Equal(["champion"], second.Aliases);
        await Assert.ThrowsAsync<MlflowException>(() => _registry.Versions.GetAsync(_source.ModelName, 3, default));
        Assert.Equal(2, (await _registry.Aliases.GetAsync(_source.ModelName, "champion", default)).Version);
    }

    [Fact]
    public async Task The_registry_of_a_folder_is_not_written()
    {
        MlflowException refused = await Assert.ThrowsAsync<MlflowException>(
            () => _registry.Models.CreateAsync("x", null, [], default));

        Assert.Equal(ErrorKind.NotSupported, refused.Kind);
        Assert.Contains("a folder has no model registry", refused.Message, StringComparison.Ordinal);
        Assert.Throws<MlflowException>(() => ModelRegistry.Of(_source.Store));
    }
}
