using System.Globalization;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Jobs;

/// <summary>A job saved in a Databricks workspace that runs a workflow: either run the job, or repair one of its runs.</summary>
public sealed record SavedJob
{
    /// <summary>The job parameter for the path of the workflow file.</summary>
    public const string ConfigParameter = "anovos_config";

    // The job parameters that identify the run, and the corresponding environment variables.
    internal static readonly IReadOnlyDictionary<string, string> RunParameters = new Dictionary<string, string>
    {
        ["mlflow_run_id"] = "MLFLOW_RUN_ID",
        ["mlflow_experiment_id"] = "MLFLOW_EXPERIMENT_ID",
        ["mlflow_tracking_uri"] = "MLFLOW_TRACKING_URI",
    };

    /// <summary>The workflow file on this machine; uploaded if the job has the parameter <see cref="ConfigParameter"/>.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>The id of the job to run; null for a repair.</summary>
    public long? JobId { get; init; }

    /// <summary>The id of the job run to repair; null for a new one.</summary>
    public long? RepairedRunId { get; init; }

    /// <summary>Job parameters by name.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>The environment variables that identify the run to join.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc cref="ClusterJob.Folder"/>
    public string? Folder { get; init; }

    /// <summary>The timeout of the run; null for none.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>Runs a job of the workspace.</summary>
/// <param name="job">The job.</param>
/// <param name="token">An idempotency token.</param>
/// <param name="say">Called with notes for the log.</param>
internal sealed class SavedJobRun(SavedJob job, string token, Action<string> say) : IJobStarter
{
    /// <inheritdoc/>
    public TimeSpan? Timeout => job.Timeout;

    /// <inheritdoc/>
    public async Task<StartedJob> StartAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken)
    {
        long id = job.JobId!.Value;
        IReadOnlyList<string> known = await jobs.ParametersAsync(id, cancellationToken).ConfigureAwait(false);
        Dictionary<string,
            string> parameters = await SavedJobParameters.FillAsync(job, known, folder, cancellationToken).ConfigureAwait(false);
        if (job.Environment.ContainsKey("MLFLOW_RUN_ID") && !parameters.ContainsKey("mlflow_run_id"))
        {
            say($"Job {id} has no parameter mlflow_run_id, so its tasks cannot join run {job.Environment["MLFLOW_RUN_ID"]}: "
                + "add the parameter to the job, and {{job.parameters.mlflow_run_id}} to its tasks.");
        }

        var run = new JsonObject { ["job_id"] = id, ["idempotency_token"] = token };
        if (parameters.Count > 0)
            run["job_parameters"] = OneTimeRun.Object(parameters);
        folder.MayBeInUse = true;
        return new StartedJob(await jobs.RunNowAsync(run, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public Task<StartedJob> StartAgainAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}

/// <summary>Repairs a run of a job: runs its failed tasks, and the tasks that depend on them, again.</summary>
internal sealed class RepairedJobRun(SavedJob job) : IJobStarter
{
    /// <inheritdoc/>
    public TimeSpan? Timeout => job.Timeout;

    /// <inheritdoc/>
    public async Task<StartedJob> StartAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken)
    {
        long id = job.RepairedRunId!.Value;
        JobState state = await jobs.GetAsync(id, null, cancellationToken).ConfigureAwait(false);
        if (!state.IsOfJob)
            throw Refuse(id, "was submitted as a one-time run without a job, so the workspace cannot repair it. Start the workflow again.");
        if (!state.Status.IsOver)
            throw Refuse(id, $"has not ended ({state.Status}). Wait for its end, or cancel it.");
        if (state.Status.IsSuccess)
            throw Refuse(id, "succeeded: there is nothing to repair.");

        // A repair does not inherit the parameters of the run.
        Dictionary<string, string> parameters = state.Parameters.ToDictionary(pair => pair.Key, pair => pair.Value);
        foreach (
            KeyValuePair<string,
            string> parameter in await SavedJobParameters.FillAsync(job, [.. state.Parameters.Keys], folder, cancellationToken)
            .ConfigureAwait(false))
            parameters[parameter.Key] = parameter.Value;
        var repair = new JsonObject { ["run_id"] = id, ["rerun_all_failed_tasks"] = true, ["rerun_dependent_tasks"] = true };
        if (state.LatestRepairId is { } latest)
            repair["latest_repair_id"] = latest;
        if (parameters.Count > 0)
            repair["job_parameters"] = OneTimeRun.Object(parameters);
        folder.MayBeInUse = true;
        return new StartedJob(
            id)
        { RepairId = await RepairAsync(jobs, repair, id, state.LatestRepairId, cancellationToken).ConfigureAwait(false) };
    }

    /// <inheritdoc/>
    public Task<StartedJob> StartAgainAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    // After a lost response, check the run for the repair instead of retrying: a second repair needs the id of the first.
    private static async Task<long> RepairAsync(JobsApi jobs, JsonObject repair, long id, long? before, CancellationToken cancellationToken)
    {
        try
        {
            return await jobs.RepairAsync(repair, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.MayHaveBeenDone())
        {
            JobState now = await jobs.GetAsync(id, null, cancellationToken).ConfigureAwait(false);
            if (now.LatestRepairId is { } begun && begun != before)
                return begun;
            throw;
        }
    }

    private static MlflowException Refuse(long id, string why) =>
        new(ErrorKind.InvalidValue, $"Job run {id} {why}") { Target = id.ToString(CultureInfo.InvariantCulture) };
}

/// <summary>Fills the job parameters that identify the run and the workflow file.</summary>
internal static class SavedJobParameters
{
    /// <summary>Returns the caller's parameters, and the job's parameters that this module fills.</summary>
    /// <param name="job">The job.</param>
    /// <param name="known">The names of the job's parameters.</param>
    /// <param name="folder">The folder for the workflow file.</param>
    /// <param name="cancellationToken">Cancels the upload.</param>
    public static async Task<Dictionary<string,
        string>> FillAsync(SavedJob job, IReadOnlyList<string> known, JobFolder folder, CancellationToken cancellationToken)
    {
        Dictionary<string, string> parameters = [];
        foreach (KeyValuePair<string, string> names in SavedJob.RunParameters)
        {
            if (known.Contains(names.Key) && job.Environment.TryGetValue(names.Value, out string? value))
                parameters[names.Key] = value;
        }

        if (known.Contains(SavedJob.ConfigParameter) && !job.Parameters.ContainsKey(SavedJob.ConfigParameter))
            parameters[SavedJob.ConfigParameter] =
                await folder.SendAsync(new FileInfo(job.ConfigPath), Path.GetFileName(job.ConfigPath), cancellationToken)
                .ConfigureAwait(false);
        foreach (KeyValuePair<string, string> parameter in job.Parameters)
            parameters[parameter.Key] = parameter.Value;
        return parameters;
    }
}
