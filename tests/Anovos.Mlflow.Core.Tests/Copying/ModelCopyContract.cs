using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Logged and registered models of a folder, copied to each store that has them.</summary>
public abstract class ModelCopyContract : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ITrackingStore? _target;
    private ModelMove? _move;

    protected ModelCopyContract() => Source = new FolderWithModels(_folder);

    private protected FolderWithModels Source { get; }

    protected string Folder => _folder.FullPath;

    private protected ITrackingStore Target => _target ??= CreateTarget();

    private protected ModelMove Move => _move ??= new ModelMove(Source, Target);

    private protected ModelRegistry Registry => ModelRegistry.Of(Target);

    public void Dispose()
    {
        _target?.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_logged_model_arrives_whole()
    {
        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);

        Assert.Empty(Move.LeftOut);
        LoggedModel model = await CopyOfAsync(FolderWithModels.Model);
        Assert.Equal(("pyf", "thing", "READY"), (model.Name, model.ModelType, model.Status));
        Assert.Equal(Move.Runs[FolderWithModels.Parent].RunId, model.RunId);
        Assert.Equal("0.1", model.Params["lr"]);
        Assert.Equal("me", model.Tags["mlflow.user"]);
        var root = new Run { RunId = "", ExperimentId = "", ArtifactUri = model.ArtifactUri };
        using IArtifactStore files = ArtifactStores.Open(root, Target);
        var content = new MemoryStream();
        await files.ReceiveAsync("data/model.pkl", content, _ => { }, default);
        Assert.Equal("pickle"u8.ToArray(), content.ToArray());
    }

    [Fact]
    public async Task Points_of_a_model_name_the_copied_runs_and_the_dataset()
    {
        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);

        string parent = Move.Runs[FolderWithModels.Parent].RunId, child = Move.Runs[FolderWithModels.Child].RunId;
        LoggedModel model = await CopyOfAsync(FolderWithModels.Second);
        Assert.Equal("UPLOAD_FAILED", model.Status);
        Assert.Equal(
            [
                new LoggedModelMetric("acc", 0.1, 1700000003000, 0, child),
                new LoggedModelMetric("acc", 0.2, 1700000003001, 1, child),
                new LoggedModelMetric("acc", 0.9, 1700000003002, 2, parent) { DatasetName = "income", DatasetDigest = "abc123" },
            ],
            model.Points.OrderBy(point => point.Step));
    }

    [Fact]
    public async Task Runs_name_the_copies_of_the_models_that_they_read_and_made()
    {
        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);

        LoggedModel first = await CopyOfAsync(FolderWithModels.Model), second = await CopyOfAsync(FolderWithModels.Second);
        Assert.Equal([first.ModelId], Move.Runs[FolderWithModels.Child].Models.Inputs);
        Assert.Equal([new ModelOutput(second.ModelId, 7)], Move.Runs[FolderWithModels.Child].Models.Outputs);
        Assert.Equal([new ModelOutput(first.ModelId, 0)], Move.Runs[FolderWithModels.Parent].Models.Outputs);
    }

    [Fact]
    public async Task A_second_pass_creates_nothing_and_completes_what_is_missing()
    {
        Move.RefusedFile = "data/model.pkl";
        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);
        Assert.Equal(["Artifact data/model.pkl: refused"], Move.LeftOut);
        Assert.Equal("PENDING", (await CopyOfAsync(FolderWithModels.Model)).Status);
        Move.LeftOut.Clear();
        Move.RefusedFile = null;

        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);

        Assert.Empty(Move.LeftOut);
        Assert.Equal((2, 1, 0), (Move.Sum.Models, Move.Sum.Files, Move.Sum.Points));
        Assert.Equal("READY", (await CopyOfAsync(FolderWithModels.Model)).Status);
        string experiment = Move.Runs[FolderWithModels.Parent].ExperimentId;
        Assert.Equal(2, (await Registry.Logged.SearchAsync([experiment], null, 100, null, default)).Items.Count);
    }

    [Fact]
    public async Task A_model_of_a_run_outside_of_the_selection_is_reported()
    {
        await Move.CopyAsync(FolderWithModels.Child);

        Assert.Equal(
            [
                $"ModelMetric {FolderWithModels.Second}: 1 points belong to the run {FolderWithModels.Parent}, which is not copied.",
                $"ModelInput {FolderWithModels.Model}: Its run {FolderWithModels.Parent} is not copied.",
            ],
            Move.LeftOut);
        Assert.Empty(Move.Runs[FolderWithModels.Child].Models.Inputs);
    }

    [Fact]
    public async Task A_registered_model_arrives_with_its_versions_and_aliases()
    {
        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);

        CopiedModel copied = await Move.RegisterAsync();

        // Numbers are the target's: 3 was removed, and 5 has no run.
        Assert.Equal(new CopiedModel(4, 4, 1), copied);
        RegisteredModel model = await Registry.Models.GetAsync(Source.ModelName, default);
        Assert.Equal(("what it is", "ops"), (model.Description, model.Tags["owner"]));
        Assert.Equal([new KeyValuePair<string, long>("champion", 2)], model.Aliases);
        Run parent = Move.Runs[FolderWithModels.Parent];
        LoggedModel logged = await CopyOfAsync(FolderWithModels.Model);
        IReadOnlyList<ModelVersion> versions = await VersionsAsync();
        Assert.Equal(
            [
                (1, "1", $"models:/{logged.ModelId}", parent.RunId, "None"),
                (2, "2", $"{parent.ArtifactUri}/conf", parent.RunId, "Production"),
                (3, "4", "s3://elsewhere/model", "", "None"),
                (4, "6", $"models:/{Source.ModelName}/2", "", "None"),
            ],
            versions.Select(one => (one.Version, one.Tags[ModelTags.SourceVersion], one.Source, one.RunId, one.Stage)));
        Assert.Equal(("second version", "b"), (versions[1].Description, versions[1].Tags["a"]));
        Assert.Equal(
            [
                $"ModelVersion models:/{Source.ModelName}/5: Its files are artifacts of the run 00000000000000000000000000000000, which "
                    + "is not copied. Copy the run first.",
                $"Alias {Source.ModelName}@challenger: The version 5 that it points to is not copied.",
            ],
            Move.LeftOut);
    }

    [Fact]
    public async Task A_second_pass_over_a_registered_model_creates_no_version()
    {
        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);
        await Move.RegisterAsync();

        CopiedModel again = await Move.RegisterAsync();

        Assert.Equal(new CopiedModel(0, 4, 0), again);
        Assert.Equal(4, (await VersionsAsync()).Count);
    }

    [Fact]
    public async Task A_prompt_arrives_with_its_text()
    {
        await Move.CopyAsync(FolderWithModels.Parent);
        Assert.Equal([Source.ModelName, Source.PromptName], await ModelCopier.NamesAsync(Source.Store.Registry, default));

        CopiedModel copied = await Move.RegisterAsync(Source.PromptName);

        Assert.Empty(Move.LeftOut);
        Assert.Equal(new CopiedModel(1, 1, 1), copied);
        Assert.Contains(Source.PromptName, await ModelCopier.NamesAsync(Registry, default));
        ModelVersion version = await Registry.Aliases.GetAsync(Source.PromptName, "prod", default);
        Assert.Equal((7000, "first", "dummy-source"), (version.Tags["mlflow.prompt.text"].Length, version.Description, version.Source));
        Assert.Equal(new CopiedModel(0, 1, 0), await Move.RegisterAsync(Source.PromptName));
    }

    [Fact]
    public async Task A_version_is_not_created_without_its_run()
    {
        await Move.CopyAsync(FolderWithModels.Child);

        CopiedModel copied = await Move.RegisterAsync();

        Assert.Equal(new CopiedModel(1, 1, 0), copied);
        Assert.Contains(Move.LeftOut, one => one.StartsWith($"ModelVersion models:/{Source.ModelName}/1", StringComparison.Ordinal));
        Assert.Contains(Move.LeftOut, one => one.StartsWith($"ModelVersion models:/{Source.ModelName}/2", StringComparison.Ordinal));
        Assert.Contains(Move.LeftOut, one => one.StartsWith($"ModelVersion models:/{Source.ModelName}/6", StringComparison.Ordinal));
    }

    protected abstract ITrackingStore CreateTarget();

    private protected async Task<IReadOnlyList<ModelVersion>> VersionsAsync()
    {
        string filter = ModelFilter.VersionsOfModel(Source.ModelName);
        Page<ModelVersion> page = await Registry.Versions.SearchAsync(filter, 100, null, default);
        return [.. page.Items.OrderBy(version => version.Version)];
    }

    private protected async Task<LoggedModel> CopyOfAsync(string modelId) => await Registry.Logged.GetAsync(
        (await Move.Models!.FindAsync(modelId, default))!.ModelId, default);
}
