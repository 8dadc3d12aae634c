using System.Runtime.CompilerServices;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A tracking store in a directory, in the <c>mlruns</c> layout of MLflow's own file store, so that MLflow's tools can read it. The first
/// write creates the directory; until then, the store reads as empty.
/// </summary>
public sealed class DirectoryStore : ILocalStore
{
    private readonly string _root;
    private readonly ExperimentFolders _experiments;
    private readonly ExperimentWriter _changes;
    private readonly RunFolders _runs;
    private readonly RunStarter _starter;
    private readonly RunWriter _writer;
    private readonly ExactCopies _copies;

    // Keeps the results of a search for its next pages, as long as the caller keeps the search. Searching again for each page would cost
    // the square of the number of runs, and pages would overlap if runs are added in the meantime.
    private readonly ConditionalWeakTable<RunSearch, List<KeyValuePair<Run, string?>>> _found = new();

    /// <summary>Creates a store in the directory <paramref name="root"/>, a full path.</summary>
    /// <param name="root">The directory.</param>
    /// <param name="warn">Called with a warning for content that cannot be read, with file and line; may be called on any thread.</param>
    /// <exception cref="ArgumentException">The path is relative.</exception>
    public DirectoryStore(string root, Action<string>? warn = null)
        : this(root, StoreLimits.Mlflow, warn)
    {
    }

    /// <summary>Creates a store with stricter limits than MLflow's own directory store.</summary>
    /// <param name="root">The directory.</param>
    /// <param name="limits">The limits of the store.</param>
    /// <param name="warn">Called with a warning.</param>
    /// <param name="ignoresCase">Whether keys that differ only in case are one file; null to test this on the disk.</param>
    internal DirectoryStore(string root, StoreLimits limits, Action<string>? warn = null, bool? ignoresCase = null)
    {
        limits = limits with { HiddenKeys = false };
        warn ??= _ => { };
        Limits = limits;
        if (!LocalPath.IsRooted(root))
            throw new ArgumentException($"The path '{root}' is relative.", nameof(root));
        _root = Path.GetFullPath(root);
        if (_root != Path.GetPathRoot(_root))
            _root = _root.TrimEnd(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        TrackingUri = LocalUri.FromPath(_root);
        var names = new StoreCase(_root, ignoresCase);
        _experiments = new ExperimentFolders(_root, TrackingUri, limits, names, warn);
        _changes = new ExperimentWriter(_root, _experiments, limits, names);
        _runs = new RunFolders(_experiments, TrackingUri, warn);
        _starter = new RunStarter(_experiments, limits, names);
        _writer = new RunWriter(_runs, limits, names);
        _copies = new ExactCopies(_root, _experiments, _runs, limits);
        LoggedModels = new LoggedModelFolders(_experiments, TrackingUri, warn);
        Registry = new FolderModelRegistry(new ModelFolders(_root, TrackingUri, warn), TrackingUri);
    }

    /// <inheritdoc/>
    public string TrackingUri { get; }

    /// <summary>Whether the directory exists. If it does not, the store reads as empty.</summary>
    public bool Exists => System.IO.Directory.Exists(_root);

    /// <inheritdoc/>
    public StoreLimits Limits { get; }

    /// <summary>The logged models that MLflow 3 wrote.</summary>
    internal ILocalLoggedModels LoggedModels { get; }

    /// <summary>The registry that MLflow wrote, as a source of copies.</summary>
    internal IModelRegistry Registry { get; }

    /// <inheritdoc/>
    public Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken) => OnWorker(
        () => _experiments.Named(name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken) => OnWorker(
        () => _experiments.Get(experimentId, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) => OnWorker(
        () => _experiments.Create(experiment, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Experiment>> SearchExperimentsAsync(
        ExperimentSearch search, string? pageToken, CancellationToken cancellationToken) => OnWorker(
        () =>
        {
            int offset = OffsetToken.Offset(pageToken, search.MaxResults);
            List<Experiment> found = [.. _experiments.ReadAll(cancellationToken)
                .Where(experiment => IsIn(search.ViewType, experiment.LifecycleStage))
                .OrderByDescending(experiment => experiment.CreationTime)
                .ThenBy(experiment => experiment.ExperimentId, StringComparer.Ordinal)];
            return OffsetToken.Page(found, offset, search.MaxResults);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken) => OnWorker(
        () => _changes.Rename(experimentId, name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken) => OnWorker(
        () => _changes.SetTag(experimentId, tag, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken) => OnWorker(
        () => _changes.Move(experimentId, stage, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken) => OnWorker(
        () => _runs.Get(_starter.Create(run, cancellationToken), cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken) => OnWorker(
        () => _runs.Get(runId, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) => OnWorker(
        () => _writer.Update(update, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken) => OnWorker(
        () => _writer.Move(runId, stage, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken) => OnWorker(
        () => SearchRuns(search, pageToken, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken) => OnWorker(
        () => _writer.Log(runId, batch, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken) => OnWorker(
        () => _writer.LogInputs(runId, inputs, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken) => OnWorker(
        () => new Page<Metric>(_runs.History(runId, key, cancellationToken), null), cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) => OnWorker(
        () => _writer.DeleteTag(runId, key, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    Task<Experiment> ILocalStore.KeepExperimentAsync(Experiment experiment, CancellationToken cancellationToken) => OnWorker(
        () => _copies.Keep(experiment, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    Task ILocalStore.KeepExperimentStateAsync(Experiment experiment, CancellationToken cancellationToken) => OnWorker(
        () => _copies.SetState(experiment, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    Task<Run> ILocalStore.KeepRunAsync(Run run, CancellationToken cancellationToken) => OnWorker(
        () => _copies.Keep(run, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    Task ILocalStore.KeepRunStateAsync(Run run, CancellationToken cancellationToken) => OnWorker(
        () => _copies.SetState(run, cancellationToken), cancellationToken);

    /// <summary>Does nothing: a directory does not need closing.</summary>
    public void Dispose()
    {
    }

    /// <summary>
    /// Returns a metric's points with the steps that were written. MLflow 3 reads the step of a point with a dataset as 0.
    /// </summary>
    internal Task<IReadOnlyList<Metric>> GetHistoryAsWrittenAsync(string runId, string key, CancellationToken cancellationToken) =>
        OnWorker(() => _runs.History(runId, key, cancellationToken, asWritten: true), cancellationToken);

    /// <summary>Counts the traces of an experiment.</summary>
    internal Task<long> CountTracesAsync(string experimentId, CancellationToken cancellationToken) => OnWorker(
        () =>
        {
            string traces = Path.Combine(_experiments.Folder(experimentId), "traces");
            return System.IO.Directory.Exists(traces)
                ? System.IO.Directory.EnumerateDirectories(traces).LongCount(trace => File.Exists(Path.Combine(trace, "trace_info.yaml")))
                : 0L;
        }, cancellationToken);

    /// <summary>Returns the path of the file that says where a run's artifacts are.</summary>
    internal string MetaFileOf(string runId) => Path.Combine(_runs.Folder(runId, CancellationToken.None), "meta.yaml");

    private Page<Run> SearchRuns(RunSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        int offset = OffsetToken.Offset(pageToken, search.MaxResults);
        if (pageToken is null)
            _found.Remove(search);
        var page = OffsetToken.Page(_found.GetValue(search, _ => FindRuns(search, cancellationToken)), offset, search.MaxResults);
        return new Page<Run>(ManyRuns.Read(page.Items, found => Whole(found, cancellationToken), cancellationToken), page.NextPageToken);
    }

    // In order. If a run's params, metrics, tags and inputs have not been read yet, its folder is given.
    private List<KeyValuePair<Run, string?>> FindRuns(RunSearch search, CancellationToken cancellationToken)
    {
        RunFilter filter = RunFilter.Parse(search.Filter);
        RunOrder order = RunOrder.Parse(search.OrderBy);
        var found = _runs.List(search.ExperimentIds, cancellationToken).Where(run => IsIn(search.ViewType, run.Key.LifecycleStage));
        // Usually, a store with many runs only needs to read all files for the runs of one page.
        if (filter.NeedsData || order.NeedsData)
            found = ManyRuns.Read([.. found], run => Whole(run, cancellationToken), cancellationToken).Select(run => new KeyValuePair<Run, string?>(run, null));
        return order.Sort(found.Where(run => filter.Matches(run.Key)), run => run.Key);
    }

    private Run? Whole(KeyValuePair<Run, string?> found, CancellationToken cancellationToken) =>
        found.Value is { } folder ? ForeignFile.SkipUnreadable(() => _runs.Data(found.Key, folder, cancellationToken)) : found.Key;

    private static bool IsIn(ViewType view, LifecycleStage stage) =>
        view == ViewType.All || (view == ViewType.DeletedOnly) == (stage == LifecycleStage.Deleted);

    private Task OnWorker(Action work, CancellationToken cancellationToken) => OnWorker<object?>(
        () =>
        {
            work();
            return null;
        }, cancellationToken);

    // Runs outside the calling thread, which may be a pipeline thread that must react to Ctrl+C.
    private Task<T> OnWorker<T>(Func<T> work, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                return work();
            }
            catch (UnauthorizedAccessException failure)
            {
                throw new MlflowException(ErrorKind.PermissionDenied,
                    $"The directory store '{_root}' denies this user access: {failure.Message}", failure)
                { Target = _root };
            }
            catch (IOException failure)
            {
                throw new MlflowException(ErrorKind.StoreInvalid,
                    $"The directory store '{_root}' cannot be used: {failure.Message}", failure)
                { Target = _root };
            }
        }, cancellationToken);
}
