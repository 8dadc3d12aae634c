using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Jobs;

/// <summary>Runs a workflow as a job of a Databricks workspace, and follows it from this machine.</summary>
public sealed class DatabricksJob : IRemoteWorkflowEngine
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(8);

    private readonly RestApi _api;
    private readonly string? _folder;
    private readonly Func<Action<string>, IJobStarter> _starter;

    /// <summary>Creates a one-time job for a workflow; no request is sent yet.</summary>
    /// <param name="workspace">The workspace, as a tracking store.</param>
    /// <param name="job">The workflow, and where to run it.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if the store is not a workspace, or the job cannot work as described.
    /// </exception>
    public DatabricksJob(ITrackingStore workspace, ClusterJob job)
        : this(workspace, job.Folder, _ => new OneTimeRun(job, TokenOf(job.Environment))) => job.Check();

    /// <summary>Runs a job of the workspace, or repairs one of its runs; no request is sent yet.</summary>
    /// <param name="workspace">The workspace, as a tracking store.</param>
    /// <param name="job">The job, with its parameters.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the store is not a workspace.</exception>
    public DatabricksJob(ITrackingStore workspace, SavedJob job)
        : this(workspace, job.Folder, say =>
            job.RepairedRunId is null ? new SavedJobRun(job, TokenOf(job.Environment), say) : new RepairedJobRun(job))
    {
    }

    private DatabricksJob(ITrackingStore workspace, string? folder, Func<Action<string>, IJobStarter> starter)
    {
        _api = workspace.As<WorkspaceStore>()?.Api
            ?? throw new MlflowException(ErrorKind.InvalidValue, $"{workspace.TrackingUri} is not a Databricks workspace, and a job needs one. Set DATABRICKS_HOST, or create a profile in .databrickscfg, and use databricks or databricks://<profile>.") { Target = workspace.TrackingUri };
        (_folder, _starter) = (folder, starter);
    }

    /// <inheritdoc/>
    public async Task<WorkflowEnd> RunAsync(Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe, CancellationToken cancellationToken)
    {
        var jobs = new JobsApi(_api);
        var folder = new JobFolder(_api, _folder, Guid.NewGuid().ToString("N"));
        try
        {
            IJobStarter starter = _starter(text => JobLog.Say(text, output));
            StartedJob job = await starter.StartAsync(jobs, folder, cancellationToken).ConfigureAwait(false);
            JobState? state;
            while ((state = await Follower().FollowAsync(job, cancellationToken).ConfigureAwait(false)) is null)
                job = await starter.StartAgainAsync(jobs, folder, cancellationToken).ConfigureAwait(false);
            folder.MayBeInUse = !state.Status.IsOver;
            await new JobOutputs(jobs, output).ReadAsync(state, cancellationToken).ConfigureAwait(false);
            return state.Status.IsOver ? state.ToEnd() : WorkflowEnd.TimedOut;

            JobFollower Follower() => new(_api, starter.Timeout, output, describe);
        }
        catch (LostJobException e)
        {
            return new WorkflowEnd(RunStatus.Failed, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or MlflowException { IsTransient: false })
        {
            folder.MayBeInUse = false;
            throw;
        }
        finally
        {
            if (!folder.MayBeInUse)
                await TryRemoveAsync(folder, output).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<FetchedTables> FetchTablesAsync(AnovosPlan plan, string folder, CancellationToken cancellationToken) =>
        new ClusterTables(_api, folder).FetchAsync(plan, cancellationToken);

    // The idempotency token is the id of the run, so that retries of the request start only one job.
    private static string TokenOf(IReadOnlyDictionary<string, string> environment) =>
        environment.TryGetValue("MLFLOW_RUN_ID", out string? run) && run.Length is > 0 and <= 50 ? run : Guid.NewGuid().ToString("N");

    private static async Task TryRemoveAsync(JobFolder folder, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output)
    {
        using var patience = new CancellationTokenSource(Farewell);
        try
        {
            await folder.RemoveAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            JobLog.Say($"The folder {folder} of the job is still in the workspace and can be deleted: {e.Message}", output);
        }
    }
}
