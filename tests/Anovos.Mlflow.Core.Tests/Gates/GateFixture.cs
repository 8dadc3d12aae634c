using Anovos.Mlflow.Gates;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Gates;

/// <summary>Runs and models in a database, and gates over them.</summary>
internal sealed class GateFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private long _started = 1_700_000_000_000;

    public GateFixture()
    {
        Store = new SqliteStore(_folder.Below("mlflow.db"));
        Registry = ModelRegistry.Of(Store);
    }

    public SqliteStore Store { get; }

    public ModelRegistry Registry { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Makes a run that took a minute; those made later started later.</summary>
    public async Task<Run> AddAsync(
        RunStatus status = RunStatus.Finished, string experiment = "Income", params (string Key, double Value)[] metrics)
    {
        string id = (await Store.FindExperimentAsync(experiment, Cancellation))?.ExperimentId
            ?? await Store.CreateExperimentAsync(new NewExperiment(experiment), Cancellation);
        _started += 1000;
        Run run = await Store.CreateRunAsync(new NewRun(id, "run", "ada", _started), Cancellation);
        Metric[] points = [.. metrics.Select(metric => new Metric(metric.Key, metric.Value, _started))];
        await Store.LogBatchAsync(run.RunId, new RunData { Metrics = points }, Cancellation);
        await Store.UpdateRunAsync(new RunUpdate(run.RunId, status, status == RunStatus.Running ? null : _started + 60_000), Cancellation);
        return await Store.GetRunAsync(run.RunId, Cancellation);
    }

    /// <summary>A finished run with one metric.</summary>
    public Task<Run> AddAsync(double rmse) => AddAsync(metrics: ("rmse", rmse));

    /// <summary>What the rules come to for a run.</summary>
    public Task<IReadOnlyList<GateResult>> TestAsync(Run run, GateRules rules) =>
        new Gate(
            Store,
            (uri, token) => new ModelFinder(Registry).FindVersionAsync(uri, token),
            _ => Task.FromResult(ArtifactStores.Open(run, Store))).TestAsync(run, rules, Cancellation);

    /// <summary>What the only bound of a rule comes to for a run.</summary>
    public async Task<GateResult> TestAsync(Run run, params (string Key, string Value)[] rule) =>
        Assert.Single(await TestAsync(run, new GateRules { Metrics = [Rule("rmse", rule)] }));

    public static MetricRule Rule(string metric, params (string Key, string Value)[] rule) =>
        rule.Aggregate(new MetricRule(metric), (made, pair) => made.With(pair.Key, pair.Value)).Checked();

    public void Dispose()
    {
        Store.Dispose();
        _folder.Dispose();
    }
}
