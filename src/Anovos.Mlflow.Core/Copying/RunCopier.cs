using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>
/// Copies one run: params, inputs, histories, artifacts, tags, times and status. Each step first checks what the target already has, so the
/// copy can be interrupted and repeated at any point. The last tag marks the copy as complete.
/// </summary>
internal sealed class RunCopier(
    ITrackingStore source,
    ITrackingStore target,
    RunMap runs,
    FamilyLinks links,
    ArtifactCopier artifacts,
    LoggedModelCopier models,
    CopyOptions options)
{
    /// <summary>Copies a run. Failures that concern only this run are in the result.</summary>
    /// <exception cref="MlflowException">A store cannot be reached, or denies all requests.</exception>
    public async Task<SyncResult> CopyAsync(Run run, CancellationToken cancellationToken)
    {
        SyncResult result = SyncResult.Of(run);
        var missing = new MissingList();
        try
        {
            TargetRun there = await runs.EnsureAsync(run, cancellationToken).ConfigureAwait(false);
            result = result with { TargetRunId = options.CountOnly && there.Created ? "" : there.RunId };
            bool isUnchanged = there.State == CopyTags.StateOf(run) && !(run.IsDeleted() && there.Stage == LifecycleStage.Active);
            if (isUnchanged && !options.Force)
            {
                CopiedModels made = await models.CopyOfRunAsync(run, missing.Add, cancellationToken).ConfigureAwait(false);
                (int files, long bytes) = await artifacts.CopyAsync(run, there, missing, cancellationToken).ConfigureAwait(false);
                result = result with { Artifacts = files + made.Files, Bytes = bytes + made.Bytes };
            }
            else
            {
                result = await CopyAllAsync(run, there, result, missing, cancellationToken).ConfigureAwait(false);
            }

            return await ConcludeAsync(run, there, result, missing, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            return result with { Missing = missing.Items, Reason = e.Message, Error = e };
        }
    }

    private async Task<SyncResult> CopyAllAsync(
        Run run, TargetRun there, SyncResult result, MissingList missing, CancellationToken cancellationToken)
    {
        Run now = there.Created
            ? new Run { RunId = there.RunId, ExperimentId = there.ExperimentId, RunName = run.RunName }
            : await target.GetRunAsync(there.RunId, cancellationToken).ConfigureAwait(false);
        bool endsDeleted = run.IsDeleted() || (now.IsDeleted() && !there.IsDeletedWithSource);
        if (now.IsDeleted())
            await target.MoveRunAsync(now.RunId, LifecycleStage.Active, cancellationToken).ConfigureAwait(false);

        // Models are copied before the metrics, because a server adds the points of a model to those of the run.
        CopiedModels made = await models.CopyOfRunAsync(run, missing.Add, cancellationToken).ConfigureAwait(false);
        if (made.Points > 0 && !options.CountOnly)
            now = await target.GetRunAsync(there.RunId, cancellationToken).ConfigureAwait(false);
        var batches = new BatchCopier(target, now.RunId, missing);
        Param[] newParams = [.. from param in run.Params where !IsIn(now.Params, param) select new Param(param.Key, param.Value)];
        await missing.TryAsync(
            "Param", "*", () => batches.WriteAsync(new RunData { Params = newParams }, cancellationToken)).ConfigureAwait(false);
        await CopyInputsAsync(run, now, missing, cancellationToken).ConfigureAwait(false);
        int points = await new MetricCopier(source, target, missing).CopyAsync(run, now, batches, cancellationToken).ConfigureAwait(false);
        (int files, long bytes) = await artifacts.CopyAsync(run, there, missing, cancellationToken).ConfigureAwait(false);
        await models.LinkAsync(run, now, missing.Add, cancellationToken).ConfigureAwait(false);
        await EndAsync(run, now, batches, missing, cancellationToken).ConfigureAwait(false);

        if (missing.Count == 0 && !run.IsOpen() && !options.KeepIds)
            await batches.WriteAsync(
                new RunData { Tags = [new Tag(CopyTags.State, CopyTags.StateOf(run))] }, cancellationToken).ConfigureAwait(false);
        if (options.KeepIds && target is ILocalStore exact)
            await exact.KeepRunStateAsync(run, cancellationToken).ConfigureAwait(false);
        else if (endsDeleted)
            await target.MoveRunAsync(now.RunId, LifecycleStage.Deleted, cancellationToken).ConfigureAwait(false);
        return result with { Points = points, Artifacts = files + made.Files, Bytes = bytes + made.Bytes };
    }

    // Tags are written after everything that a reader of the tags relies on.
    private async Task EndAsync(Run run, Run now, BatchCopier batches, MissingList missing, CancellationToken cancellationToken)
    {
        string? name = run.RunName.Length > 0 && run.RunName != now.RunName ? run.RunName : null;
        bool isExact = options.KeepIds && target is ILocalStore;
        if (!isExact && (name is not null || run.Status != now.Status || (run.EndTime != now.EndTime && !run.IsOpen())))
        {
            var update = new RunUpdate(now.RunId, run.Status, run.IsOpen() ? null : run.EndTime?.ToUnixTimeMilliseconds(), name);
            await target.UpdateRunAsync(update, cancellationToken).ConfigureAwait(false);
        }

        List<Tag> tags = await links.TagsAsync(run, now, missing, cancellationToken).ConfigureAwait(false);
        Tag[] changed = [.. tags.Where(tag => !IsIn(now.Tags, new(tag.Key, tag.Value)))];
        await missing.TryAsync(
            "Tag", "*", () => batches.WriteAsync(new RunData { Tags = changed }, cancellationToken)).ConfigureAwait(false);
        if (missing.Count > 0 && options.TagMissing)
        {
            var list = new Tag(CopyTags.Missing, missing.ToJson(target.Limits.TagValue));
            await batches.WriteAsync(new RunData { Tags = [list] }, cancellationToken).ConfigureAwait(false);
        }

        // Left by an earlier copy that was less complete.
        string[] outdated = [.. CopyTags.OfIncomplete.Where(key => now.Tags.ContainsKey(key) && tags.All(tag => tag.Key != key))];
        foreach (string key in outdated.Where(key => key != CopyTags.Missing || missing.Count == 0))
            await target.DeleteTagAsync(now.RunId, key, cancellationToken).ConfigureAwait(false);
    }

    private async Task CopyInputsAsync(Run run, Run now, MissingList missing, CancellationToken cancellationToken)
    {
        DatasetInput[] inputs = [.. run.Inputs.Where(
            input => !now.Inputs.Any(other => other.Name == input.Name && other.Digest == input.Digest))];
        try
        {
            await target.LogInputsAsync(now.RunId, inputs, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (MissingList.ConcernsOneStep(e))
        {
            foreach (DatasetInput input in inputs)
            {
                await missing.TryAsync("Input", input.ToString(), () => inputs.Length == 1 || e.StatusCode == 500
                    ? Task.FromException(e)
                    : target.LogInputsAsync(now.RunId, [input], cancellationToken)).ConfigureAwait(false);
            }
        }
    }

    private async Task<SyncResult> ConcludeAsync(
        Run run, TargetRun there, SyncResult result, MissingList missing, CancellationToken cancellationToken)
    {
        if (missing.Count > 0)
        {
            string open = run.IsOpen() ? "It has not ended. " : "";
            return result with
            {
                Status = "Incomplete",
                Missing = missing.Items,
                Reason = open + missing.Summarize(),
                Error = missing.ToError(run.RunId),
            };
        }

        if (run.IsOpen())
            return result with { Status = "Running", Reason = "it has not ended, so it is sent again the next time" };
        if (options is { Offline: true, CountOnly: false })
        {
            Tag[] marks = [new(OfflineTags.SyncedTo, target.TrackingUri), new(OfflineTags.SyncedRunId, there.RunId)];
            await source.LogBatchAsync(run.RunId, new RunData { Tags = marks }, cancellationToken).ConfigureAwait(false);
        }

        return result with { Status = "Synced" };
    }

    private static bool IsIn(IReadOnlyDictionary<string, string> there, KeyValuePair<string, string> pair) =>
        there.TryGetValue(pair.Key, out string? value) && value == pair.Value;
}

/// <summary>Checks of a run's status.</summary>
internal static class RunStates
{
    public static bool IsDeleted(this Run run) => run.LifecycleStage == LifecycleStage.Deleted;

    /// <summary>Gets whether the run may still be written to.</summary>
    public static bool IsOpen(this Run run) => run.Status is RunStatus.Running or RunStatus.Scheduled;
}
