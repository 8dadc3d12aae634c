using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Jobs;

/// <summary>A job run, as described by <c>jobs/runs/get</c>.</summary>
/// <param name="RunId">The id that was returned when the run was started.</param>
/// <param name="Status">The state.</param>
internal sealed record JobState(long RunId, JobStatus Status)
{
    /// <summary>The tag that stores the id of the job run in an MLflow run.</summary>
    internal const string JobRunTag = "mlflow.databricks.jobRunID";

    public string? JobId { get; private init; }

    /// <summary>The address of the run's page.</summary>
    public string? Page { get; private init; }

    /// <summary>The last attempt of each task, in the order of the job.</summary>
    public IReadOnlyList<JobTask> Tasks { get; private init; } = [];

    public string? ClusterId { get; private init; }

    /// <summary>True for a run of a saved job, which can be repaired.</summary>
    public bool IsOfJob { get; private init; }

    /// <summary>The id of the last repair; null without repairs.</summary>
    public long? LatestRepairId { get; private init; }

    /// <summary>The job parameters of the run.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; private init; } = new Dictionary<string, string>();

    /// <summary>Reads a run from the pages of its description.</summary>
    /// <param name="pages">The pages. The first has everything except tasks, repairs and parameters beyond the first 100.</param>
    /// <param name="id">The run.</param>
    /// <param name="repairId">The id of a requested repair. The run is not over before the repair is.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ServerError"/> for a response in another format.</exception>
    public static JobState Read(IReadOnlyList<JsonElement> pages, long id, long? repairId)
    {
        try
        {
            JsonElement run = pages[0];
            JsonElement[] repairs = [.. All(pages, "repair_history").Where(item => JobStatus.Text(item, "type") == "REPAIR")];
            JobStatus status = JobStatus.Read(run);

            // A repair appears shortly after it is accepted. Until then, the run still has its previous result.
            if (repairId is not null && status.IsOver
                && !repairs.Any(item => Number(item, "id") == repairId && JobStatus.Read(item).IsOver))
                status = new JobStatus("PENDING", null, null, "The repair has not begun yet.");
            JobTask[] tasks = [.. All(pages, "tasks").Select(JobTask.Read).GroupBy(task => task.Key).Select(JobTask.Latest)];
            return new JobState(id, status)
            {
                JobId = run.TryGetProperty("job_id", out JsonElement job) ? job.GetRawText() : null,
                Page = JobStatus.Text(run, "run_page_url"),
                Tasks = tasks,
                ClusterId = Cluster(run) ?? tasks.Select(task => task.ClusterId).FirstOrDefault(cluster => cluster is not null),
                IsOfJob = JobStatus.Text(run, "run_type") == "JOB_RUN",
                LatestRepairId = repairs.Length == 0 ? null : Number(repairs[repairs.Length - 1], "id"),
                Parameters = All(pages, "job_parameters").Where(item => JobStatus.Text(item, "name") is not null)
                    .ToDictionary(item => JobStatus.Text(item, "name")!, item =>
                        JobStatus.Text(item, "value") ?? JobStatus.Text(item, "default") ?? ""),
            };
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new MlflowException(ErrorKind.ServerError, $"The workspace does not report the state of job run {id} as the Jobs API specifies. Look at the run in the workspace.", e);
        }
    }

    /// <summary>Returns how the workflow ended; the run must be over.</summary>
    public WorkflowEnd ToEnd()
    {
        string said = Status.Message.Length == 0 ? "" : $": {Status.Message.TrimEnd('.')}";
        if (Status.Result == "TIMEDOUT")
            return WorkflowEnd.TimedOut;
        if (Status.IsSuccess)
            return WorkflowEnd.Finished;
        if (Status.IsCancelled)
            return new WorkflowEnd(RunStatus.Killed, $"The job run {RunId} was cancelled in the workspace{said}.");
        JobTask[] failed = [.. Tasks.Where(task => task.Status.IsOver && !task.Status.IsSuccess && !task.Status.NeverRan)];
        string keys = string.Join(", ", failed.Take(10).Select(task => task.Key)) + (failed.Length > 10 ? ", …" : "");
        bool isKnown = Tasks.Count == 1 || failed.Length == 0 || (failed.Length == 1 && Status.Message.Contains(keys));
        string fault =
            $"The job run {RunId} ended as {Status.End}{(isKnown ? "" : $" in {(failed.Length == 1 ? "task" : "tasks")} {keys}")}{said}.";
        string?[] advice =
        [
            failed.Select(task => task.Status).Prepend(Status).Select(JobAdvice.Of).FirstOrDefault(text => text is not null),
            IsOfJob ? "Invoke-AnovosWorkflow -Repair runs the failed tasks again." : null,
        ];
        string all = string.Join(" ", advice.OfType<string>());
        return all.Length == 0 ? new WorkflowEnd(RunStatus.Failed, fault)
            : new WorkflowEnd(RunStatus.Failed, $"{fault} {all}") { Advice = all };
    }

    /// <summary>Returns tags about the job run, with MLflow's names (mlflow.utils.mlflow_tags).</summary>
    public IEnumerable<Tag> ToTags(Uri workspace)
    {
        (string Key, string? Value)[] known =
        [
            ("mlflow.databricks.jobID", JobId),
            (JobRunTag, RunId.ToString(CultureInfo.InvariantCulture)),
            ("mlflow.databricks.runURL", Page),
            ("mlflow.databricks.cluster.id", ClusterId),
            ("mlflow.databricks.workspaceURL", workspace.GetLeftPart(UriPartial.Authority)),
        ];
        return known.Where(tag => !string.IsNullOrEmpty(tag.Value)).Select(tag => new Tag(tag.Key, tag.Value!));
    }

    public override string ToString() => $"Databricks job run {RunId}: {Status}";

    private static IEnumerable<JsonElement> All(IEnumerable<JsonElement> pages, string name) => pages.SelectMany(page =>
        page.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray()
            : Enumerable.Empty<JsonElement>());

    internal static string? Cluster(JsonElement run) => JobStatus.Text(JobStatus.Member(run, "cluster_instance"), "cluster_id");

    private static long? Number(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement number) && number.TryGetInt64(out long value) ? value : null;
}

/// <summary>A task of a job run, in one of its attempts.</summary>
/// <param name="Key">The name of the task in the job.</param>
/// <param name="RunId">The id of the task's own run, which has the output.</param>
/// <param name="Attempt">0 for the first attempt; a repair adds one.</param>
/// <param name="Status">The state.</param>
internal sealed record JobTask(string Key, long RunId, int Attempt, JobStatus Status)
{
    public string? ClusterId { get; private init; }

    /// <summary>The entry for environment variables of the task; null without one.</summary>
    public string? VariablesKey { get; private init; }

    /// <summary>True if the output is in the runs of the task's iterations.</summary>
    public bool IsLoop { get; private init; }

    // 0 for an attempt that has not started yet.
    private long Start { get; init; }

    public static JobTask Latest(IEnumerable<JobTask> attempts) =>
        attempts.OrderBy(task => task.Attempt).ThenBy(task => task.Start == 0 ? long.MaxValue : task.Start).Last();

    public static JobTask Read(JsonElement task) => new(
        JobStatus.Text(task, "task_key") ?? "",
        task.GetProperty("run_id").GetInt64(),
        task.TryGetProperty("attempt_number", out JsonElement attempt) && attempt.TryGetInt32(out int number) ? number : 0,
        JobStatus.Read(task))
    {
        ClusterId = JobState.Cluster(task),
        VariablesKey = JobStatus.Text(task, "environment_variables_key"),
        IsLoop = JobStatus.Member(task, "for_each_task") is not null,
        Start = task.TryGetProperty("start_time", out JsonElement start) && start.TryGetInt64(out long time) ? time : 0,
    };
}
