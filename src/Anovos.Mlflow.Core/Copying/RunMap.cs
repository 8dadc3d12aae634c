using System.Collections.Concurrent;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>
/// The target's runs by the ids of the source's. A run is looked up before it is created: by the tags with the source's URI and the run's
/// id there, or by the id itself where ids are kept.
/// </summary>
internal sealed class RunMap(ITrackingStore source, ITrackingStore target, ExperimentCopier experiments, CopyOptions options)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<TargetRun>>> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<TargetRun?>>> _others = new(StringComparer.Ordinal);

    // By experiment of the target, all copies that it has; where it was read as a whole.
    private readonly ConcurrentDictionary<string, Dictionary<string, TargetRun>> _known = new(StringComparer.Ordinal);

    /// <summary>Reads all copies in an experiment of the target, so that no run is searched for on its own.</summary>
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

    /// <summary>The copy of a run, if it is known to be there.</summary>
    public TargetRun? Find(string runId, TargetExperiment experiment) =>
        _known.TryGetValue(experiment.ExperimentId, out Dictionary<string, TargetRun>? known) && known.TryGetValue(
            runId, out TargetRun? found) ? found : null;

    /// <summary>Returns the copy of a run, or creates it, without any content.</summary>
    public Task<TargetRun> EnsureAsync(Run run, CancellationToken cancellationToken) =>
        _runs.GetOrAdd(run.RunId, _ => new(() => FindOrCreateAsync(run, cancellationToken))).Value;

    /// <summary>Returns the copy of a run that is copied in this pass, or creates it.</summary>
    public async Task<TargetRun> EnsureAsync(string runId, CancellationToken cancellationToken) =>
        _runs.TryGetValue(runId, out Lazy<Task<TargetRun>>? known)
            ? await known.Value.ConfigureAwait(false)
            : await EnsureAsync(
                await source.GetRunAsync(runId, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <summary>Returns the id that a run outside of this pass has at the target; null if it is not there.</summary>
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

    // Of a run that is only counted: its artifacts may be there already.
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
        // A run that was started for a server may belong to one there.
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

    // Two stores may have the same id, if one was copied with its ids. A folder of offline runs may have been moved.
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
/// <param name="ArtifactUri">Where its artifacts go.</param>
/// <param name="Stage">Whether it is in the trash.</param>
/// <param name="State">The source's state when it was complete; null for a copy that never was.</param>
internal sealed record TargetRun(string RunId, string ExperimentId, string ArtifactUri, LifecycleStage Stage, string? State)
{
    /// <summary>Whether this pass created it, so that it has no content.</summary>
    public bool Created { get; init; }

    /// <summary>Whether it is in the trash because its source is.</summary>
    public bool IsDeletedWithSource => State?.EndsWith(CopyTags.DeletedState, StringComparison.Ordinal) == true;

    public static TargetRun Of(Run run) => new(
        run.RunId, run.ExperimentId, run.ArtifactUri, run.LifecycleStage, run.Tags.TryGetValue(
            CopyTags.State, out string? state) ? state : null);
}
