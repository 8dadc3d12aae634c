using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Jobs;

/// <summary>Follows a job run to its end, or cancels it.</summary>
/// <param name="api">The workspace.</param>
/// <param name="limit">The timeout of the run; null for none.</param>
/// <param name="output">Called with blocks of whole lines.</param>
/// <param name="describe">Called with tags of the run.</param>
internal sealed class JobFollower(
    RestApi api, TimeSpan? limit, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250), LongestWait = TimeSpan.FromSeconds(15);

    // The timeouts for a request to cancel a run, and for the run to end afterwards.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(8), Ending = TimeSpan.FromMinutes(1);

    private readonly JobsApi _jobs = new(api);
    private JobState? _state;

    /// <summary>Follows the run.</summary>
    /// <returns>Its last state; null if it lost its environment variables and was cancelled.</returns>
    /// <exception cref="LostJobException">The run's state can no longer be read.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled the run.</exception>
    public async Task<JobState?> FollowAsync(StartedJob job, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        if (limit is { } longest)
            timeout.CancelAfter(longest);
        try
        {
            for (TimeSpan wait = FirstWait; ; wait = wait + wait > LongestWait ? LongestWait : wait + wait)
            {
                JobState now = await _jobs.GetAsync(job.RunId, job.RepairId, ended.Token).ConfigureAwait(false);
                Report(now);
                if (job.NeedsVariables && now.Tasks.All(task => task.VariablesKey is null) && !now.Status.IsOver)
                {
                    JobLog.Say($"Databricks job run {job.RunId}: the workspace ignores environment_variables. The run is restarted with "
                        + "a launcher that sets them.", output);
                    await CancelAsync(job.RunId).ConfigureAwait(false);
                    return null;
                }

                if (now.Status.IsOver)
                    return now;
                await Task.Delay(wait, ended.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            await CancelAsync(job.RunId).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (MlflowException e)
        {
            throw new LostJobException($"The workspace no longer reports the state of job run {job.RunId}, which may still be "
                + $"running there{(_state?.Page is { } page ? $": {page}" : "")}. {e.Message}", e);
        }

        return await WaitForEndAsync(job, cancellationToken).ConfigureAwait(false);
    }

    // After a timeout, wait for the end of the run, so that its log can be read.
    private async Task<JobState> WaitForEndAsync(StartedJob job, CancellationToken cancellationToken)
    {
        JobState? state = _state;
        using var patience = new CancellationTokenSource(Ending);
        try
        {
            do
            {
                await Task.Delay(FirstWait, cancellationToken).ConfigureAwait(false);
                state = await _jobs.GetAsync(job.RunId, job.RepairId, patience.Token).ConfigureAwait(false);
                state = state with { Status = state.Status with { Result = "TIMEDOUT" } };
            }
            while (!state.Status.IsOver);
        }
        catch (Exception e) when (e is MlflowException || (e is OperationCanceledException && patience.IsCancellationRequested))
        {
            JobLog.Say($"The end of job run {job.RunId} was not observed: {e.Message}", output);
        }

        return state ?? new JobState(job.RunId, new JobStatus("TERMINATING", "TIMEDOUT", null, ""));
    }

    private void Report(JobState now)
    {
        if (_state is null || now.Status != _state.Status || now.ClusterId != _state.ClusterId || now.Page != _state.Page)
        {
            describe(now.ToTags(api.Server));
            JobLog.Say(now.ToString(), output);
        }

        foreach (JobTask task in now.Tasks.Where(_ => now.Tasks.Count > 1))
        {
            if (_state?.Tasks.Any(before => before.RunId == task.RunId && before.Status == task.Status) != true)
                JobLog.Say($"Task {task.Key}: {task.Status}", output);
        }

        _state = now;
    }

    private async Task CancelAsync(long runId)
    {
        using var patience = new CancellationTokenSource(Farewell);
        try
        {
            await _jobs.CancelAsync(runId, patience.Token).ConfigureAwait(false);
            JobLog.Say($"Databricks job run {runId}: cancelled from here", output);
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            JobLog.Say($"The job run {runId} could not be cancelled and may still be running: {e.Message}", output);
        }
    }
}

/// <summary>The state of a job run can no longer be read, and the run may still be running.</summary>
internal sealed class LostJobException(string message, Exception cause) : Exception(message, cause);
