using Anovos.Mlflow.Http;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>What every registry must do, whatever server it is on.</summary>
public abstract class RegistryContract : IDisposable
{
    private ITrackingStore? _store;
    private string? _chosen;

    /// <summary>Whether versions have stages.</summary>
    protected virtual bool HasStages => true;

    /// <summary>Whether models are searched by a filter, and versions by their run.</summary>
    protected virtual bool HasFilters => true;

    protected ITrackingStore Store => _store ??= CreateStore();

    private string _name => _chosen ??= NewName();

    private IModelRegistry Registry => ModelRegistry.Of(Store);

    [Fact]
    public async Task A_model_is_made_found_changed_renamed_and_removed()
    {
        RegisteredModel made = await Registry.Models.CreateAsync(_name, "first", [new Tag("team", "ops")], default);
        Assert.Equal((_name, "first", "ops", null), (made.Name, made.Description, made.Tags["team"], made.LatestVersion));

        var change = new ModelChange("second", [new Tag("checked", "ja, größe")], ["team"]) { NewName = _name + "2" };
        Assert.Equal(_name + "2", await change.ApplyAsync(Registry, _name, default));
        RegisteredModel changed = await Registry.Models.GetAsync(_name + "2", default);
        Assert.Equal("second", changed.Description);
        Assert.Equal(new Dictionary<string, string> { ["checked"] = "ja, größe" }, changed.Tags);
        Assert.Equal(Store.TrackingUri, changed.TrackingUri);
        string filter = "name LIKE '%" + _name[^32..] + "2'";
        if (HasFilters)
            Assert.Equal([changed.Name], (await Registry.Models.SearchAsync(filter, 10, null, default)).Items.Select(model => model.Name));
        else
            await LacksAsync("search for models by a filter", () => Registry.Models.SearchAsync(filter, 10, null, default));
        List<RegisteredModel> all = await PageWalker.ReadAllAsync(token => Registry.Models.SearchAsync(null, 100, token, default));
        Assert.Contains(changed.Name, all.Select(model => model.Name));

        await Registry.Models.DeleteAsync(changed.Name, default);
        Assert.False(await Registry.Models.ExistsAsync(changed.Name, default));
    }

    [Fact]
    public async Task A_version_is_found_by_number_alias_stage_and_as_the_latest()
    {
        string run = await StartRunAsync();
        var finder = new ModelFinder(ModelRegistry.Of(Store));
        string one = await SourceAsync("one", run), two = await SourceAsync("two", run);
        ModelVersion first = await Registry.RegisterAsync(new NewModelVersion(_name, one) { RunId = run, Description = "eins", Tags = [new Tag("a", "b")] }, ["champion", "blue-1"], modelExists: false, default);
        Assert.Equal((1L, "eins", run, one, "READY", "None", "b"), (first.Version, first.Description, first.RunId, first.Source, first.Status, first.Stage, first.Tags["a"]));
        Assert.Equal(["blue-1", "champion"], first.Aliases.Order());
        ModelVersion second = await Registry.RegisterAsync(new NewModelVersion(_name, two), [], modelExists: false, default);
        Assert.Equal(2, second.Version);

        string? stage = HasStages ? "Production" : null;
        await new ModelChange("one", [new Tag("k", "v")], ["a"]) { Stage = stage }.ApplyAsync(Registry, _name, 1, default);
        Assert.Equal(1, await Find("@champion"));
        Assert.Equal(2, await Find("/2"));
        Assert.Equal(2, await Find("/latest"));
        if (HasStages)
            Assert.Equal(1, await Find("/production"));
        else
            await LacksAsync("find a version by its stage", () => Find("/production"));
        ModelVersion changed = await Registry.Versions.GetAsync(_name, 1, default);
        Assert.Equal(("one", "v", false), (changed.Description, changed.Tags["k"], changed.Tags.ContainsKey("a")));

        if (HasStages)
        {
            await Registry.Versions.MoveAsync(_name, 2, "Production", archiveOthers: true, default);
            Assert.Equal("Archived", (await Registry.Versions.GetAsync(_name, 1, default)).Stage);
        }
        else
        {
            await LacksAsync(
                "move a version to a stage", () => Registry.Versions.MoveAsync(_name, 2, "Production", archiveOthers: true, default));
        }

        await Registry.Aliases.SetAsync(_name, "champion", 2, default);
        Assert.Equal(2, await Find("@champion"));
        Assert.Equal(2, (await Registry.Models.GetAsync(_name, default)).Aliases["champion"]);
        Assert.Equal([2, 1], (await Registry.Versions.SearchAsync(ModelFilter.VersionsOfModel(_name), 10, null, default)).Items.Select(version => version.Version));
        string ofRun = ModelFilter.VersionsOfRun(run);
        if (HasFilters)
            Assert.Equal([1], (await Registry.Versions.SearchAsync(ofRun, 10, null, default)).Items.Select(version => version.Version));
        else
            await LacksAsync("search for versions by their run", () => Registry.Versions.SearchAsync(ofRun, 10, null, default));

        await Registry.Aliases.DeleteAsync(_name, "champion", default);
        await Registry.Versions.DeleteAsync(_name, 1, default);
        Assert.Equal([2], (await Registry.Versions.SearchAsync(ModelFilter.VersionsOfModel(_name), 10, null, default)).Items.Select(version => version.Version));

        async Task<long> Find(string which) => (await finder.FindVersionAsync(ModelUri.Parse($"models:/{_name}{which}"), default)).Version;
    }

    [Fact]
    public async Task Pages_are_followed()
    {
        await Registry.Models.CreateAsync(_name, null, [], default);
        string run = await StartRunAsync();
        for (int i = 0; i < 5; i++)
            await Registry.Versions.CreateAsync(new NewModelVersion(_name, await SourceAsync($"{i}", run)), default);
        List<ModelVersion> all = await PageWalker.ReadAllAsync(token => Registry.Versions.SearchAsync(ModelFilter.VersionsOfModel(_name), 2, token, default));
        Assert.Equal([5, 4, 3, 2, 1], all.Select(version => version.Version));
    }

    [Fact]
    public async Task What_goes_wrong_has_a_name()
    {
        await Registry.Models.CreateAsync(_name, null, [], default);
        await Registry.Models.CreateAsync(_name + "2", null, [], default);
        var finder = new ModelFinder(ModelRegistry.Of(Store));
        string source = await SourceAsync("x", await StartRunAsync());
        await FailsAsync(ErrorKind.ModelExists, () => Registry.Models.CreateAsync(_name, null, [], default));
        await FailsAsync(ErrorKind.ModelExists, () => Registry.Models.RenameAsync(_name, _name + "2", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => Registry.Models.GetAsync(_name + "3", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => Registry.Models.DeleteAsync(_name + "3", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => Registry.Versions.CreateAsync(new NewModelVersion(_name + "3", source), default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => Registry.Versions.GetAsync(_name, 7, default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => Registry.Versions.DeleteAsync(_name, 7, default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => Registry.Aliases.SetAsync(_name, "a", 7, default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => Registry.Aliases.GetAsync(_name, "none", default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => finder.FindVersionAsync(ModelUri.Parse($"models:/{_name}/latest"), default));
        ErrorKind noStage = HasStages ? ErrorKind.ModelVersionNotFound : ErrorKind.NotSupported;
        await FailsAsync(noStage, () => finder.FindVersionAsync(ModelUri.Parse($"models:/{_name}/Staging"), default));
        await FailsAsync(ErrorKind.InvalidValue, () => Registry.Versions.CreateAsync(new NewModelVersion(_name, "s3://b/../x"), default));
        await Registry.Versions.CreateAsync(new NewModelVersion(_name, source), default);
        await FailsAsync(ErrorKind.InvalidValue, () => Registry.Aliases.SetAsync(_name, "a b", 1, default));
        await FailsAsync(ErrorKind.InvalidValue, () => Registry.Aliases.SetAsync(_name, "latest", 1, default));
        MlflowException e = await FailsAsync(ErrorKind.InvalidValue, () => Registry.RegisterAsync(new NewModelVersion(_name, source), ["a", "b c"], modelExists: true, default));
        Assert.Contains($"models:/{_name}/2 was created", e.Message);
    }

    protected abstract ITrackingStore CreateStore();

    /// <summary>A name that no model has.</summary>
    protected virtual string NewName() => $"größe o'{Guid.NewGuid():N}";

    /// <summary>The name of an experiment that does not exist.</summary>
    protected virtual string NewExperiment() => _name;

    /// <summary>The URI of a model.</summary>
    protected virtual Task<string> SourceAsync(string name, string runId) => Task.FromResult($"s3://bucket/{name}");

    public void Dispose()
    {
        _store?.Dispose();
        GC.SuppressFinalize(this);
    }

    // The registry has no such thing: it says so, and the test does.
    private static async Task LacksAsync(string what, Func<Task> work)
    {
        MlflowException e = await FailsAsync(ErrorKind.NotSupported, work);
        TestContext.Current.TestOutputHelper?.WriteLine($"The registry cannot {what}: {e.Message}");
        TestContext.Current.AddWarning($"The registry cannot {what}.");
    }

    private static async Task<MlflowException> FailsAsync(ErrorKind kind, Func<Task> work)
    {
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(work);
        Assert.True(kind == e.Kind, $"{e.Kind}: {e.Message}");
        Assert.DoesNotContain("SQL", e.Message);
        return e;
    }

    // In an experiment of its own: the artifacts of the first one may be in a folder of another machine.
    private async Task<string> StartRunAsync()
    {
        string experiment = await Store.CreateExperimentAsync(new NewExperiment(NewExperiment()), default);
        return (await Store.CreateRunAsync(new NewRun(experiment, null, "tester", 1), default)).RunId;
    }
}
