using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The progress of a copy.</summary>
/// <param name="Runs">The number of runs copied.</param>
/// <param name="RunsTotal">The number of all runs.</param>
/// <param name="Bytes">The number of bytes of artifacts uploaded.</param>
/// <param name="Points">The number of metric points written.</param>
public sealed record CopyProgress(int Runs, int RunsTotal, long Bytes, long Points);

/// <summary>
/// Copies experiments and runs from one tracking store to another, several runs in parallel. It can be interrupted and repeated: it
/// continues without creating duplicates.
/// </summary>
public sealed class StoreCopier
{
    // Up to this number, runs are searched for one by one.
    private const int Few = 10;

    private readonly ITrackingStore _source;
    private readonly ITrackingStore _target;
    private readonly LoggedModelCopier _models;
    private readonly List<Experiment> _whole = [];
    private readonly CopyOptions _options;
    private readonly ExperimentCopier _experiments;
    private readonly RunMap _runs;
    private readonly RunCopier _copier;
    private readonly HashSet<string> _selected = new(StringComparer.Ordinal);
    private readonly List<string> _ids = [];
    private readonly Action<CopyProgress> _progress;
    private long _bytes, _points;
    private int _done;

    /// <summary>Copies from <paramref name="source"/> to <paramref name="target"/>.</summary>
    /// <param name="source">The store that is read.</param>
    /// <param name="target">The store that is written.</param>
    /// <param name="options">The options of the copy.</param>
    /// <param name="progress">Called after each file and each run, from several threads.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> if the target cannot keep ids.</exception>
    public StoreCopier(ITrackingStore source, ITrackingStore target, CopyOptions options, Action<CopyProgress>? progress = null)
    {
        if (options.KeepIds && target is not ILocalStore)
        {
            throw new MlflowException(
                ErrorKind.NotSupported,
                $"{target.TrackingUri} assigns the ids of experiments and runs itself. Copy without -KeepId, or into a folder or a database.")
            { Target = target.TrackingUri };
        }

        if (options.CountOnly)
            target = new CountedTarget(target);
        (_source, _target, _options, _progress) = (source, target, options, progress ?? (_ => { }));
        _experiments = new ExperimentCopier(source, target, options);
        _runs = new RunMap(source, target, _experiments, options);
        var artifacts = new ArtifactCopier(source, target, options, Moved);
        _models = new LoggedModelCopier(
            source, target, new CopiedIds(
                (id, _) => _experiments.KnownIdAsync(id), FindRunIdAsync), artifacts.CopyModelAsync, ModelOptions);
        var links = new FamilyLinks(_runs, _selected.Contains, options);
        _copier = new RunCopier(source, target, _runs, links, artifacts, _models, options);
    }

    private ModelCopyOptions ModelOptions => new()
    {
        KeepIds = _options.KeepIds,
        KeepArtifactLocations = _options.KeepArtifactLocations,
        CountOnly = _options.CountOnly,
    };

    private RegistryCopier Registry => new(
        _source, _target, new CopiedThings(FindRunAsync, _models.FindAsync),
        ModelOptions with { WhyNotSelected = _options.AllModels ? null : WhyNotSelected });

    /// <summary>Checks that both stores have a model registry. Call it before the copy starts.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.NotSupported"/> for a folder as the target; a registry cannot be reached.
    /// </exception>
    public Task CheckRegistriesAsync(CancellationToken cancellationToken) => Registry.CheckAsync(cancellationToken);

    /// <summary>
    /// Copies the versions of selected runs with their registered models, or the whole registry. Call it after the runs are copied.
    /// </summary>
    /// <param name="completed">Called with the result of each model.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    /// <returns>The number of models in the source without a version of a selected run.</returns>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.NotSupported"/> for a folder as the target; a registry cannot be reached.
    /// </exception>
    public Task<int> CopyModelsAsync(Action<ModelResult> completed, CancellationToken cancellationToken) =>
        Registry.CopyAsync(completed, cancellationToken);

    private string? WhyNotSelected(ModelVersion version)
    {
        string runId = VersionSources.RunOf(version);
        return _selected.Contains(runId) ? null
            : runId.Length > 0 ? $"Its run {runId} is not part of this copy."
            : "It belongs to no run. Copy-MlflowExperiment * copies such versions as well.";
    }

    private async Task<string?> FindRunIdAsync(string runId, CancellationToken cancellationToken) => _selected.Contains(runId)
        ? (await _runs.EnsureAsync(runId, cancellationToken).ConfigureAwait(false)).RunId
        : await _runs.FindOtherAsync(runId, "", cancellationToken).ConfigureAwait(false);

    private async Task<Run?> FindRunAsync(string runId, CancellationToken cancellationToken)
    {
        try
        {
            return await FindRunIdAsync(runId, cancellationToken).ConfigureAwait(false) is { } id
                ? await _target.GetRunAsync(id, cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            return null;
        }
    }

    /// <summary>Selects runs by their ids.</summary>
    public void Add(IEnumerable<string> runIds) => _ids.AddRange(runIds.Where(_selected.Add));

    /// <summary>
    /// Creates an experiment at the target, with its tags, and selects its runs, oldest first. Only their ids are kept in memory, so the
    /// number of runs does not matter. Without a filter, the logged models that belong to no run are selected too.
    /// </summary>
    /// <param name="experiment">The source's experiment.</param>
    /// <param name="filter">A filter for the runs, in MLflow's search syntax; null for all.</param>
    /// <param name="view">Whether deleted runs are selected.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task AddAsync(Experiment experiment, string? filter, ViewType view, CancellationToken cancellationToken)
    {
        TargetExperiment there = await _experiments.EnsureAsync(experiment.ExperimentId, cancellationToken).ConfigureAwait(false);
        foreach (MissingItem item in there.Missing)
            _options.Warn?.Invoke($"The tag '{item.Name}' of the experiment '{experiment.Name}' is left out: {item.Reason}");
        if (filter is null)
            _whole.Add(experiment);
        var search = new RunSearch([experiment.ExperimentId], filter) { ViewType = view, OrderBy = ["attributes.start_time ASC"] };
        var pages = new PageWalker();
        string? token = null;
        int before = _ids.Count;
        do
        {
            Page<Run> page = await _source.SearchRunsAsync(search, token, cancellationToken).ConfigureAwait(false);
            Add(page.Items.Select(run => run.RunId));
            token = pages.After(page);
        }
        while (token is not null);
        if (_ids.Count - before > Few)
            await _runs.ReadAsync(there, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies the selected runs. A run that fails is reported; the others are still copied.</summary>
    /// <param name="completed">Called with the result of each run, from several threads.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    /// <exception cref="MlflowException">A store cannot be reached, or denies all requests.</exception>
    public async Task CopyAsync(Action<SyncResult> completed, CancellationToken cancellationToken)
    {
        Report();
        using IDisposable? reading = (_source as SqliteStore)?.KeepOpen(), writing = (_target as SqliteStore)?.KeepOpen();
        await ParallelWork.RunAsync(_ids, _options.Parallelism, CopyOneAsync, cancellationToken).ConfigureAwait(false);
        foreach (Experiment experiment in _whole)
        {
            await _models.CopyWithoutRunAsync(experiment.ExperimentId, Warn, cancellationToken).ConfigureAwait(false);
            await Traces.ReportAsync(_source, experiment, Warn, cancellationToken).ConfigureAwait(false);
        }

        await _experiments.FinishAsync(cancellationToken).ConfigureAwait(false);

        async Task CopyOneAsync(string runId, CancellationToken token)
        {
            SyncResult result = await CopyAsync(runId, token).ConfigureAwait(false);
            Interlocked.Increment(ref _done);
            Interlocked.Add(ref _points, result.Points);
            completed(result);
            Report();
        }
    }

    private void Warn(string kind, string name, string reason) => _options.Warn?.Invoke($"{kind} '{name}' is left out: {reason}");

    private async Task<SyncResult> CopyAsync(string runId, CancellationToken cancellationToken)
    {
        Run run;
        try
        {
            run = await _source.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
            run = run.In(await _experiments.SourceAsync(run.ExperimentId, cancellationToken).ConfigureAwait(false));
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            return new SyncResult { RunId = runId, Status = "Failed", Reason = e.Message, Error = e };
        }

        return await _copier.CopyAsync(run, cancellationToken).ConfigureAwait(false);
    }

    private void Moved(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        Report();
    }

    private void Report() =>
        _progress(new CopyProgress(Volatile.Read(ref _done), _ids.Count, Interlocked.Read(ref _bytes), Interlocked.Read(ref _points)));
}
