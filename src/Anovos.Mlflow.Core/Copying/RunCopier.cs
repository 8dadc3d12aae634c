using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>What became of a run that was to be sent.</summary>
public sealed record SyncResult
{
    /// <summary>The run that was read.</summary>
    public required string RunId { get; init; }

    /// <summary>Its name.</summary>
    public string RunName { get; init; } = "";

    /// <summary>Its experiment.</summary>
    public string Experiment { get; init; } = "";

    /// <summary>The run on the server; empty when there is none yet.</summary>
    public string TargetRunId { get; init; } = "";

    /// <summary>Synced, Running (sent as far as it is) or Failed.</summary>
    public required string Status { get; init; }

    /// <summary>How many points of metrics were sent now.</summary>
    public int Points { get; init; }

    /// <summary>How many artifacts were sent now.</summary>
    public int Artifacts { get; init; }

    /// <summary>Why it failed.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What made it fail.</summary>
    public MlflowException? Error { get; init; }
}

/// <summary>
/// Sends runs of a folder or a database to a server: params, inputs, metric history, tags, artifacts, times and status as they are.
/// Each step looks at what is there first, so it may be interrupted and repeated at any point.
/// </summary>
/// <param name="source">The folder or the database.</param>
/// <param name="artifactFolder">The folder of its artifacts: <see cref="TrackingTarget.ArtifactFolder"/>.</param>
/// <param name="target">The server, or another folder or database.</param>
public sealed class RunCopier(ITrackingStore source, string artifactFolder, ITrackingStore target)
{
    /// <summary>Whether the run was sent whole to this server, and has not changed hands since.</summary>
    public static bool IsSynced(Run run, string trackingUri) =>
        run.Tags.TryGetValue(OfflineTags.SyncedTo, out string? uri) && uri == trackingUri;

    /// <summary>The server that an offline run is meant for; null where it does not say.</summary>
    public static string? TargetOf(Run run) => run.Tags.TryGetValue(OfflineTags.Target, out string? uri) ? uri : null;

    /// <summary>The tags of a run that is started in a folder for a server; none where there is no such server.</summary>
    public static IReadOnlyList<Tag> TagsOfOffline(string? trackingUri) => trackingUri is null ? [] : [new Tag(OfflineTags.Target, trackingUri)];

    /// <summary>Sends one run. Only a failure that concerns this run alone is in the result.</summary>
    /// <exception cref="MlflowException">The server cannot be reached, or does not let in.</exception>
    public async Task<SyncResult> SendAsync(Run run, CancellationToken cancellationToken)
    {
        var result = new SyncResult { RunId = run.RunId, RunName = run.RunName, Experiment = run.Experiment, Status = "Failed" };
        try
        {
            Run there = await FindAsync(run, cancellationToken).ConfigureAwait(false) ?? await CreateAsync(run, cancellationToken).ConfigureAwait(false);
            result = result with { TargetRunId = there.RunId };
            Param[] newParams = [.. run.Params.Where(param => !there.Params.TryGetValue(param.Key, out string? value) || value != param.Value).Select(param => new Param(param.Key, param.Value))];
            await target.WriteAsync(there.RunId, new RunData { Params = newParams }, cancellationToken).ConfigureAwait(false);
            await target.LogInputsAsync(there.RunId, run.Inputs, cancellationToken).ConfigureAwait(false);
            int points = await SendMetricsAsync(run, there, cancellationToken).ConfigureAwait(false);
            (int artifacts, MlflowException? failure) = await SendArtifactsAsync(run, there, cancellationToken).ConfigureAwait(false);
            Tag[] tags = [.. run.Tags.Where(tag => !OfflineTags.IsLocal(tag.Key) && !(there.Tags.TryGetValue(tag.Key, out string? value) && value == tag.Value)).Select(tag => new Tag(tag.Key, tag.Value))];
            await target.WriteAsync(there.RunId, new RunData { Tags = tags }, cancellationToken).ConfigureAwait(false);
            result = result with { Points = points, Artifacts = artifacts };
            if (run.Status == RunStatus.Running && failure is null)
                return result with { Status = "Running", Reason = "it has not ended, so it is sent again the next time" };

            var end = new RunUpdate(there.RunId, run.Status, run.EndTime?.ToUnixTimeMilliseconds());
            if (run.Status != RunStatus.Running)
                await target.UpdateRunAsync(end, cancellationToken).ConfigureAwait(false);
            if (failure is not null)
                return result with { Reason = failure.Message, Error = failure };
            Tag[] marks = [new(OfflineTags.SyncedTo, target.TrackingUri), new(OfflineTags.SyncedRunId, there.RunId)];
            await source.LogBatchAsync(run.RunId, new RunData { Tags = marks }, cancellationToken).ConfigureAwait(false);
            return result with { Status = "Synced" };
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            return result with { Reason = e.Message, Error = e };
        }
    }

    private async Task<Run?> FindAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.Tags.ContainsKey(OfflineTags.Continues) && await FindBeginningAsync(run.RunId, cancellationToken).ConfigureAwait(false) is { } beginning)
            return beginning;
        Experiment? experiment = await new RunLifecycle(target, _ => null).FindExperimentAsync(run.Experiment, cancellationToken).ConfigureAwait(false);
        if (experiment is null)
            return null;
        var search = new RunSearch([experiment.ExperimentId], $"tags.`{OfflineTags.SourceRunId}` = '{run.RunId}'") { ViewType = ViewType.All, MaxResults = 1 };
        return (await target.SearchRunsAsync(search, null, cancellationToken).ConfigureAwait(false)).Items.FirstOrDefault();
    }

    // Another server than the one that was lost does not have it.
    private async Task<Run?> FindBeginningAsync(string runId, CancellationToken cancellationToken)
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

    private async Task<Run> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var lifecycle = new RunLifecycle(target, _ => null);
        Experiment experiment = await lifecycle.FindExperimentAsync(run.Experiment, cancellationToken).ConfigureAwait(false)
            ?? await lifecycle.CreateExperimentAsync(new NewExperiment(run.Experiment), cancellationToken).ConfigureAwait(false);
        var copy = new NewRun(experiment.ExperimentId, run.RunName, run.UserId, run.StartTime.ToUnixTimeMilliseconds())
        {
            Tags = [new(OfflineTags.SourceRunId, run.RunId)],
        };
        return await target.CreateRunAsync(copy, cancellationToken).ConfigureAwait(false);
    }

    private async Task<int> SendMetricsAsync(Run run, Run there, CancellationToken cancellationToken)
    {
        int sent = 0;
        foreach (string key in run.Metrics.Keys)
        {
            List<Metric> points = await MetricHistory.ReadAllAsync(source, run.RunId, key, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<Metric> missing = there.Metrics.ContainsKey(key)
                ? await MetricHistory.MissingAsync(target, there.RunId, points, cancellationToken).ConfigureAwait(false)
                : points;
            await target.WriteAsync(there.RunId, new RunData { Metrics = missing }, cancellationToken).ConfigureAwait(false);
            sent += missing.Count;
        }

        return sent;
    }

    // A file that the server refuses is not a reason to leave the run there without its tags and its end.
    private async Task<(int Sent, MlflowException? Failure)> SendArtifactsAsync(Run run, Run there, CancellationToken cancellationToken)
    {
        if (FolderOf(run) is not { } folder)
            return (0, LocalRoot.IsElsewhere(run.ArtifactUri) ? NotCopied(run) : null);
        FolderListing listing = FolderListing.Of(folder, cancellationToken);
        if (listing.Files.Count == 0)
            return (0, null);

        using IArtifactStore artifacts = ArtifactStores.Open(there, target);
        IReadOnlyDictionary<string, long> lengths = await RemoteArtifacts.LengthsAsync(
            artifacts, listing.Files.Select(file => file.RelativePath), ArtifactTransfer.DefaultParallelism, cancellationToken).ConfigureAwait(false);
        ArtifactUpload[] uploads = [.. listing.Files
            .Where(file => !lengths.TryGetValue(file.RelativePath, out long length) || length != file.Length)
            .Select(file => new ArtifactUpload(file, file.RelativePath))];
        MlflowException? failure = null;
        int sent = 0;
        await new ArtifactTransfer(artifacts, ArtifactTransfer.DefaultParallelism).SendAsync(
            uploads,
            uploaded =>
            {
                if (uploaded.Error is null)
                    Interlocked.Increment(ref sent);
                else if (uploaded.Error is { } error)
                    failure = error as MlflowException ?? new MlflowException(ErrorKind.ArtifactSendFailed, error.Message, error) { Target = uploaded.Upload.Source.Location };
            },
            _ => { },
            cancellationToken).ConfigureAwait(false);
        return (sent, failure);
    }

    // A store that was moved or handed over names a place that is not here; the artifacts moved with it.
    private string? FolderOf(Run run)
    {
        string beside = Path.Combine(artifactFolder, run.ExperimentId, run.RunId, "artifacts");
        if (Directory.Exists(beside))
            return beside;
        string? recorded = LocalRoot.WhyUnusable(run.ArtifactUri) is null ? LocalUri.ToPath(run.ArtifactUri) : null;
        return Directory.Exists(recorded) ? recorded : null;
    }

    private static MlflowException NotCopied(Run run) => new(
        ErrorKind.NotSupported,
        $"The artifacts of run {run.RunId} are at {run.ArtifactUri}, and only those in a folder are sent. Receive them with "
            + "Receive-MlflowArtifact, and send them with Send-MlflowArtifact.")
    {
        Target = run.RunId,
    };
}
