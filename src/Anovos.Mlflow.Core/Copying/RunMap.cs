using System.Collections.Concurrent;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>
/// Maps the source's run ids to the target's runs. Before a run is created, it is looked up by the tags with the source's URI and run id,
/// or by the run id itself if ids are kept.
/// </summary>
internal sealed class RunMap(ITrackingStore source, ITrackingStore target, ExperimentCopier experiments, CopyOptions options)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<TargetRun>>> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<TargetRun?>>> _others = new(StringComparer.Ordinal);

    // All copies in an experiment of the target, for experiments that were read completely.
    private readonly ConcurrentDictionary<string, Dictionary<string, TargetRun>> _known = new(StringComparer.Ordinal);

    /// <summary>Reads all copies in an experiment of the target, so that runs need not be searched for one by one.</summary>
    public async Task ReadAsync(TargetExperiment experiment, CancellationToken cancellationToken)
    {
        if (options.KeepIds || _known.ContainsKey(experiment.ExperimentId))
            return;
        var found = new Dictionary<string, TargetRun>(StringComparer.Ordinal);
        if (!experiment.Created)
        {
            var search = new RunSearch([experiment.ExperimentId], $"tags.`{OfflineTags.SourceRunId}` LIKE '%'") { ViewType = ViewType.All };
            var pages = new PageWalker();
            string? token = null;
            do
            {
                Page<Run> page = await target.SearchRunsAsync(search, token, cancellationToken).ConfigureAwait(false);
                foreach (Run run in page.Items.Where(IsCopy))
                    found[run.Tags[OfflineTags.SourceRunId]] = TargetRun.Of(run);
                token = pages.After(page);
            }
            while (token is not null);
        }

        _known[experiment.ExperimentId] = found;
    }

    /// <summary>Returns the copy of a run if it is known to exist.</summary>
    public TargetRun? Find(string runId, TargetExperiment experiment) =>
        _known.TryGetValue(experiment.ExperimentId, out Dictionary<string, TargetRun>? known) && known.TryGetValue(
            runId, out TargetRun? found) ? found : null;

    /// <summary>Returns the copy of a run. If there is none, creates an empty run.</summary>
    public Task<TargetRun> EnsureAsync(Run run, CancellationToken cancellationToken) =>
        _runs.GetOrAdd(run.RunId, _ => new(() => FindOrCreateAsync(run, cancellationToken))).Value;

    /// <summary>Returns the copy of a run that is part of this copy, or creates it.</summary>
    public async Task<TargetRun> EnsureAsync(string runId, CancellationToken cancellationToken) =>
        _runs.TryGetValue(runId, out Lazy<Task<TargetRun>>? known)
            ? await known.Value.ConfigureAwait(false)
            : await EnsureAsync(
                await source.GetRunAsync(runId, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <summary>Returns the id at the target of a run that is not part of this copy; null if it does not exist there.</summary>
    public async Task<string?> FindOtherAsync(string runId, string experimentId, CancellationToken cancellationToken)
    {
        TargetRun? other = await _others.GetOrAdd(
            runId, _ => new(() => FindAnywhereAsync(runId, experimentId, cancellationToken))).Value.ConfigureAwait(false);
        return other?.RunId;
    }

    private async Task<TargetRun> FindOrCreateAsync(Run run, CancellationToken cancellationToken)
    {
        TargetExperiment experiment = await experiments.EnsureAsync(run.ExperimentId, cancellationToken).ConfigureAwait(false);
        if (options.Offline && run.Tags.ContainsKey(
            OfflineTags.Continues) && await TryGetAsync(run.RunId, cancellationToken).ConfigureAwait(false) is { } beginning)
            return TargetRun.Of(beginning);
        if (options.KeepIds)
        {
            if (await TryGetAsync(run.RunId, cancellationToken).ConfigureAwait(false) is { } same)
                return ThrowIfOther(run, same, experiment);
            if (target is ILocalStore exact)
                return await KeepAsync(exact, run, experiment, cancellationToken).ConfigureAwait(false);
        }
        else if (_known.TryGetValue(experiment.ExperimentId, out Dictionary<string, TargetRun>? known))
        {
            if (known.TryGetValue(run.RunId, out TargetRun? copy))
                return copy;
        }
        else if (!experiment.Created && await SearchAsync(
            run.RunId, [experiment.ExperimentId], cancellationToken).ConfigureAwait(false) is { } found)
        {
            return found;
        }

        Tag[] key = [new(OfflineTags.SourceRunId, run.RunId), new(CopyTags.SourceUri, source.TrackingUri)];
        string? name = run.RunName.Length > 0 ? run.RunName : null;
        var request = new NewRun(experiment.ExperimentId, name, run.UserId, run.StartTime.ToUnixTimeMilliseconds())
        {
            RunId = options.KeepIds ? run.RunId : null,
            Tags = options.KeepIds ? [] : key,
        };
        TargetRun made = TargetRun.Of(await target.CreateRunAsync(request, cancellationToken).ConfigureAwait(false)) with { Created = true };
        return options.KeepIds ? made with { ArtifactUri = KeptPlace(run) } : made;
    }

    // For a run that is only counted: its artifacts may already exist.
    private string KeptPlace(Run run) => options.KeepArtifactLocations
        ? run.ArtifactUri
        : CountedTarget.PlaceOf(target, run.ExperimentId, $"{run.RunId}/artifacts");

    private async Task<TargetRun> KeepAsync(ILocalStore exact, Run run, TargetExperiment experiment, CancellationToken cancellationToken)
    {
        string place = options.KeepArtifactLocations
            ? run.ArtifactUri
            : LocalUri.Append(experiment.ArtifactLocation, $"{run.RunId}/artifacts");
        Run copy = await exact.KeepRunAsync(run with { ArtifactUri = place }, cancellationToken).ConfigureAwait(false);
        return TargetRun.Of(copy) with { Created = true };
    }

    private async Task<TargetRun?> FindAnywhereAsync(string runId, string experimentId, CancellationToken cancellationToken)
    {
        // A run that was started for a server may belong to a run there.
        if ((options.KeepIds || options.Offline) && await TryGetAsync(runId, cancellationToken).ConfigureAwait(false) is { } same)
            return TargetRun.Of(same);
        if (options.KeepIds)
            return null;
        if (experimentId.Length > 0 && await SearchAsync(runId, [experimentId], cancellationToken).ConfigureAwait(false) is { } near)
            return near;
        List<Experiment> all = await PageWalker.ReadAllAsync(
            token => target.SearchExperimentsAsync(new ExperimentSearch(), token, cancellationToken)).ConfigureAwait(false);
        string[] others = [.. all.Select(experiment => experiment.ExperimentId).Where(id => id != experimentId)];
        return others.Length == 0 ? null : await SearchAsync(runId, others, cancellationToken).ConfigureAwait(false);
    }

    private async Task<TargetRun?> SearchAsync(string runId, IReadOnlyList<string> experimentIds, CancellationToken cancellationToken)
    {
        var search = new RunSearch(
            experimentIds, $"tags.`{OfflineTags.SourceRunId}` = '{runId}'")
        { ViewType = ViewType.All, MaxResults = 100 };
        Page<Run> page = await target.SearchRunsAsync(search, null, cancellationToken).ConfigureAwait(false);
        return page.Items.FirstOrDefault(IsCopy) is { } run ? TargetRun.Of(run) : null;
    }

    // Two stores may contain the same id if one is a copy that kept ids. A folder of offline runs may have been moved.
    private bool IsCopy(Run run) =>
        run.Tags.ContainsKey(OfflineTags.SourceRunId)
        && (options.Offline || !run.Tags.TryGetValue(CopyTags.SourceUri, out string? uri) || uri == source.TrackingUri);

    private async Task<Run?> TryGetAsync(string runId, CancellationToken cancellationToken)
    {
        try
        {
            return await target.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.RunNotFound)
        {
            return null;
        }
    }

    private TargetRun ThrowIfOther(Run run, Run there, TargetExperiment experiment) =>
        there.ExperimentId == experiment.ExperimentId && there.StartTime == run.StartTime
            ? TargetRun.Of(there)
            : throw new MlflowException(
                ErrorKind.InvalidValue,
                $"The run {run.RunId} cannot keep its id at {target.TrackingUri}: another run has it, in the experiment {there.ExperimentId}, "
                + $"started {there.StartTime:u}. Copy it without -KeepId, or into another database.")
            { Target = run.RunId };
}

/// <summary>A run of the target.</summary>
/// <param name="RunId">Its id.</param>
/// <param name="ExperimentId">Its experiment.</param>
/// <param name="ArtifactUri">The location of its artifacts.</param>
/// <param name="Stage">Whether it is in the trash.</param>
/// <param name="State">The source's state when the copy was complete; null if it never was.</param>
internal sealed record TargetRun(string RunId, string ExperimentId, string ArtifactUri, LifecycleStage Stage, string? State)
{
    /// <summary>Gets whether this copy created it, so that it is empty.</summary>
    public bool Created { get; init; }

    /// <summary>Gets whether it is in the trash because its source is.</summary>
    public bool IsDeletedWithSource => State?.EndsWith(CopyTags.DeletedState, StringComparison.Ordinal) == true;

    public static TargetRun Of(Run run) => new(
        run.RunId, run.ExperimentId, run.ArtifactUri, run.LifecycleStage, run.Tags.TryGetValue(
            CopyTags.State, out string? state) ? state : null);
}
