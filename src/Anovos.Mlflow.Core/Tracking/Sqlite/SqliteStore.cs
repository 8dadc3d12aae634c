namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A tracking store in a SQLite database, with the tables of MLflow's own store. MLflow can use it at the same time. The first write
/// creates the file; until then, the store reads as empty.
/// </summary>
public sealed class SqliteStore : ILocalStore
{
    private const int BatchMetrics = 8000;

    private readonly SqliteExperiments _experiments;
    private readonly SqliteRuns _runs;
    private readonly SqliteRunWriter _writer;
    private readonly SqliteRunSearch _search;
    private readonly SqliteExactCopies _copies;

    /// <summary>Creates a store in the database <paramref name="path"/>, a full path.</summary>
    public SqliteStore(string path)
    {
        Database = new SqliteDatabase(path);
        _experiments = new SqliteExperiments(Database, Limits);
        _runs = new SqliteRuns(Database);
        _writer = new SqliteRunWriter(Database, _runs, Limits);
        _search = new SqliteRunSearch(_runs);
        _copies = new SqliteExactCopies(Database, _experiments, _runs, Limits);
    }

    /// <inheritdoc/>
    public string TrackingUri => Database.Uri;

    /// <summary>
    /// MLflow's limits, but with more points in a batch, because each batch is a transaction and a durable commit is expensive.
    /// </summary>
    public StoreLimits Limits { get; } = StoreLimits.Mlflow with { BatchMetrics = BatchMetrics, BatchTotal = BatchMetrics };

    /// <summary>Whether the file exists. If it does not, the store reads as empty.</summary>
    public bool Exists => Database.Exists;

    /// <summary>The database.</summary>
    internal SqliteDatabase Database { get; }

    /// <inheritdoc/>
    public Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken) =>
        Database.ReadAsync(session => _experiments.Find(session, name), cancellationToken);

    /// <inheritdoc/>
    public Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken) =>
        Database.ReadAsync(session => _experiments.Get(session, experimentId), cancellationToken);

    /// <inheritdoc/>
    public async Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken)
    {
        _experiments.Check(experiment);
        return await Database.WriteAsync(session => _experiments.Create(session, experiment), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Page<Experiment>> SearchExperimentsAsync(
        ExperimentSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        int offset = OffsetToken.Offset(pageToken, search.MaxResults);
        return await Database.ReadAsync(session => _experiments.Search(session, search, offset), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken)
    {
        _experiments.Check(new NewExperiment(name));
        await Database.WriteAsync(session => _experiments.Rename(session, experimentId, name), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken)
    {
        Limits.CheckTags([tag]);
        Limits.CheckKeys("tag", [tag.Key]);
        await Database.WriteAsync(session => _experiments.SetTag(session, experimentId, tag), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _experiments.Move(session, experimentId, stage), cancellationToken);

    /// <inheritdoc/>
    public Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken) => Database.WriteAsync(
        session => _writer.Create(session, run, _experiments.Get(session, run.ExperimentId)), cancellationToken);

    /// <inheritdoc/>
    public Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken) =>
        Database.ReadAsync(session => _runs.Get(session, runId), cancellationToken);

    /// <inheritdoc/>
    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _writer.Update(session, update), cancellationToken);

    /// <inheritdoc/>
    public Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _writer.Move(session, runId, stage), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken) =>
        Database.ReadAsync(session => _search.Find(session, search, pageToken), cancellationToken);

    /// <inheritdoc/>
    public async Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken)
    {
        Limits.Check(batch);
        Limits.CheckKeys("param", batch.Params.Select(param => param.Key));
        Limits.CheckKeys("metric", batch.Metrics.Select(metric => metric.Key).Distinct(StringComparer.Ordinal));
        Limits.CheckKeys("tag", batch.Tags.Select(tag => tag.Key));
        await Database.WriteAsync(session => _writer.Log(session, runId, batch), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken)
    {
        foreach (DatasetInput input in inputs)
            Limits.CheckInput(input);
        await Database.WriteAsync(session => _writer.LogInputs(session, runId, inputs), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken) =>
        Database.ReadAsync(session => _runs.History(session, runId, key, pageToken), cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _writer.DeleteTag(session, runId, key), cancellationToken);

    /// <inheritdoc cref="SqliteDatabase.KeepOpen"/>
    internal IDisposable KeepOpen() => Database.KeepOpen();

    /// <summary>Counts the traces of an experiment.</summary>
    internal Task<long> CountTracesAsync(string experimentId, CancellationToken cancellationToken) => Database.ReadAsync(
        session => session.Schema.Has("trace_info")
            ? session.First(
                "SELECT COUNT(*) FROM trace_info WHERE experiment_id = $id", row => row.GetInt64(0), ("$id", experimentId))
            : 0L,
        cancellationToken);

    /// <inheritdoc/>
    Task<Experiment> ILocalStore.KeepExperimentAsync(Experiment experiment, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _copies.Keep(session, experiment), cancellationToken);

    /// <inheritdoc/>
    Task ILocalStore.KeepExperimentStateAsync(Experiment experiment, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _copies.SetState(session, experiment), cancellationToken);

    /// <inheritdoc/>
    Task<Run> ILocalStore.KeepRunAsync(Run run, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _copies.Keep(session, run), cancellationToken);

    /// <inheritdoc/>
    Task ILocalStore.KeepRunStateAsync(Run run, CancellationToken cancellationToken) =>
        Database.WriteAsync(session => _copies.SetState(session, run), cancellationToken);

    /// <summary>Does nothing: no connection stays open between operations.</summary>
    public void Dispose()
    {
    }
}
