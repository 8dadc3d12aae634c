using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Exact copies of experiments and runs in a local store.</summary>
public abstract class LocalStoreContract : IDisposable
{
    private const string Id = "895985425833309356";
    private const string RunId = "15428578e3ac43bb87983892e04534ad";

    private readonly TemporaryFolder _folder = new();
    private ILocalStore? _store;

    protected string Folder => _folder.FullPath;

    private ILocalStore Store => _store ??= (ILocalStore)CreateStore();

    public void Dispose()
    {
        _store?.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_experiment_keeps_its_id_times_place_and_tags()
    {
        await Store.KeepExperimentAsync(Experiment(Id, "Moved"), default);

        Experiment there = await Store.GetExperimentAsync(Id, default);
        Assert.Equal(("Moved", "s3://bucket/place", "ops"), (there.Name, there.ArtifactLocation, there.Tags["team"]));
        Assert.Equal((1700000000000, 1700000000500), Times(there));
    }

    [Fact]
    public async Task Ids_of_both_kinds_stand_side_by_side()
    {
        string own = await Store.CreateExperimentAsync(new NewExperiment("Own"), default);

        await Store.KeepExperimentAsync(Experiment(Id, "Moved"), default);
        await Store.KeepExperimentAsync(Experiment("7", "Short"), default);
        string next = await Store.CreateExperimentAsync(new NewExperiment("Next"), default);

        Page<Experiment> all = await Store.SearchExperimentsAsync(new ExperimentSearch(), null, default);
        Assert.Equal(
            new[] { "0", own, Id, "7", next }.Order(StringComparer.Ordinal),
            all.Items.Select(one => one.ExperimentId).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_default_experiment_becomes_the_others_while_it_has_no_runs()
    {
        await Store.CreateExperimentAsync(new NewExperiment("Own"), default);

        await Store.KeepExperimentAsync(Experiment("0", "Renamed"), default);

        Experiment there = await Store.GetExperimentAsync("0", default);
        Assert.Equal(("Renamed", "s3://bucket/place", "ops"), (there.Name, there.ArtifactLocation, there.Tags["team"]));
        Assert.Equal((1700000000000, 1700000000500), Times(there));
    }

    [Fact]
    public async Task The_default_experiment_with_runs_keeps_its_name_and_gets_the_tags()
    {
        await Store.CreateRunAsync(new NewRun("0", "mine", "me", 5), default);

        await Fails(ErrorKind.ExperimentExists, () => Store.KeepExperimentAsync(Experiment("0", "Renamed"), default));
        await Store.KeepExperimentAsync(Experiment("0", "Default"), default);

        Experiment there = await Store.GetExperimentAsync("0", default);
        Assert.Equal("ops", there.Tags["team"]);
        Assert.NotEqual("s3://bucket/place", there.ArtifactLocation);
    }

    [Fact]
    public async Task An_id_or_a_name_of_another_experiment_is_not_taken()
    {
        string own = await Store.CreateExperimentAsync(new NewExperiment("Own"), default);

        await Fails(ErrorKind.ExperimentExists, () => Store.KeepExperimentAsync(Experiment(own, "Moved"), default));
        await Fails(ErrorKind.ExperimentExists, () => Store.KeepExperimentAsync(Experiment(Id, "Own"), default));
    }

    [Fact]
    public async Task A_second_pass_leaves_an_experiment_as_it_is()
    {
        await Store.KeepExperimentAsync(Experiment(Id, "Moved"), default);

        Experiment there = await Store.KeepExperimentAsync(Experiment(Id, "Moved"), default);

        Assert.Equal((1700000000000, 1700000000500), Times(there));
        Assert.Equal(LifecycleStage.Active, there.LifecycleStage);
    }

    [Fact]
    public async Task A_run_keeps_its_id_times_status_and_place()
    {
        await Store.KeepExperimentAsync(Experiment(Id, "Moved"), default);
        Run run = Ended(LifecycleStage.Active);

        await Store.KeepRunAsync(run, default);
        await Store.KeepRunAsync(run with { RunName = "another" }, default);
        await Store.LogBatchAsync(RunId, new RunData { Params = [new Param("p", "v")] }, default);
        await Store.KeepRunStateAsync(run, default);

        Run there = await Store.GetRunAsync(RunId, default);
        Assert.Equal((Id, "kept", "me", "s3://bucket/run"), (there.ExperimentId, there.RunName, there.UserId, there.ArtifactUri));
        Assert.Equal((run.StartTime, run.EndTime, RunStatus.Killed), (there.StartTime, there.EndTime, there.Status));
        Assert.Equal(("v", run.Origin), (there.Params["p"], there.Origin));
        Assert.Empty(there.Tags);
    }

    [Fact]
    public async Task Deleted_runs_and_experiments_keep_their_times()
    {
        await Store.KeepExperimentAsync(Experiment(Id, "Moved"), default);
        await Store.KeepRunAsync(Ended(LifecycleStage.Deleted), default);
        Assert.Equal(LifecycleStage.Active, (await Store.GetRunAsync(RunId, default)).LifecycleStage);

        await Store.KeepRunStateAsync(Ended(LifecycleStage.Deleted), default);
        await Store.KeepExperimentStateAsync(Experiment(Id, "Moved", LifecycleStage.Deleted), default);

        Run there = await Store.GetRunAsync(RunId, default);
        Assert.Equal((LifecycleStage.Deleted, Ended(LifecycleStage.Deleted).DeletedTime), (there.LifecycleStage, there.DeletedTime));
        Experiment experiment = await Store.GetExperimentAsync(Id, default);
        Assert.Equal(LifecycleStage.Deleted, experiment.LifecycleStage);
        Assert.Equal((1700000000000, 1700000000500), Times(experiment));
        Assert.Equal(LifecycleStage.Deleted, (await Store.KeepExperimentAsync(Experiment(Id, "Moved"), default)).LifecycleStage);
        Run another = Ended(LifecycleStage.Active) with { RunId = new string('a', 32) };
        await Fails(ErrorKind.ExperimentDeleted, () => Store.KeepRunAsync(another, default));
        await Store.KeepExperimentStateAsync(Experiment(Id, "Moved"), default);
        Assert.Equal(LifecycleStage.Active, (await Store.GetExperimentAsync(Id, default)).LifecycleStage);
    }

    protected abstract ITrackingStore CreateStore();

    protected static async Task Fails(ErrorKind kind, Func<Task> action) =>
        Assert.Equal(kind, (await Assert.ThrowsAsync<MlflowException>(action)).Kind);

    protected static Experiment Experiment(string id, string name, LifecycleStage stage = LifecycleStage.Active) => new()
    {
        ExperimentId = id,
        Name = name,
        ArtifactLocation = "s3://bucket/place",
        LifecycleStage = stage,
        CreationTime = DateTimeOffset.FromUnixTimeMilliseconds(1700000000000),
        LastUpdateTime = DateTimeOffset.FromUnixTimeMilliseconds(1700000000500),
        Tags = new Dictionary<string, string> { ["team"] = "ops" },
    };

    private static Run Ended(LifecycleStage stage) => new()
    {
        RunId = RunId,
        ExperimentId = Id,
        RunName = "kept",
        UserId = "me",
        Status = RunStatus.Killed,
        StartTime = DateTimeOffset.FromUnixTimeMilliseconds(1700000001000),
        EndTime = DateTimeOffset.FromUnixTimeMilliseconds(1700000002000),
        ArtifactUri = "s3://bucket/run",
        LifecycleStage = stage,
        DeletedTime = stage == LifecycleStage.Deleted ? DateTimeOffset.FromUnixTimeMilliseconds(1700000003000) : null,
        Origin = new RunOrigin("PROJECT", "train.py", "main", "abc"),
    };

    private static (long?, long?) Times(Experiment experiment) =>
        (experiment.CreationTime?.ToUnixTimeMilliseconds(), experiment.LastUpdateTime?.ToUnixTimeMilliseconds());
}

public sealed class LocalStoreInAFolderTests : LocalStoreContract
{
    protected override ITrackingStore CreateStore() => new DirectoryStore(Path.Combine(Folder, "mlruns"));
}

public sealed class LocalStoreInADatabaseTests : LocalStoreContract
{
    [Fact]
    public async Task An_id_that_is_not_a_number_is_refused()
    {
        using var store = new SqliteStore(Path.Combine(Folder, "other.db"));

        await Fails(ErrorKind.InvalidValue, () => ((ILocalStore)store).KeepExperimentAsync(Experiment("abc", "Text"), default));
    }

    protected override ITrackingStore CreateStore() => new SqliteStore(Path.Combine(Folder, "mlflow.db"));
}
