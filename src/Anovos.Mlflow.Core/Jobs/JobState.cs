using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Jobs;

/// <summary>A job run as <c>jobs/runs/get</c> tells it.</summary>
/// <param name="RunId">The id that submitting it gave.</param>
/// <param name="Phase">Its <c>life_cycle_state</c>.</param>
/// <param name="Result">Its <c>result_state</c>; null while it has none.</param>
/// <param name="Message">What the service says of the state; may be empty.</param>
internal sealed record JobState(long RunId, string Phase, string? Result, string Message)
{
    public string? JobId { get; private init; }

    /// <summary>Its page.</summary>
    public string? Page { get; private init; }

    /// <summary>The run of its one task, which has the output.</summary>
    public long TaskRunId { get; private init; }

    public string? ClusterId { get; private init; }

    public bool IsOver => Phase is "TERMINATED" or "SKIPPED" or "INTERNAL_ERROR";

    /// <exception cref="MlflowException"><see cref="ErrorKind.ServerError"/> for an answer of another form.</exception>
    public static JobState Read(JsonElement run, long id)
    {
        try
        {
            JsonElement state = run.GetProperty("state");
            JsonElement? task = run.TryGetProperty("tasks", out JsonElement tasks) && tasks.GetArrayLength() > 0 ? tasks[0] : null;
            return new JobState(id, state.GetProperty("life_cycle_state").GetString() ?? "", Text(state, "result_state"), Text(state, "state_message") ?? "")
            {
                JobId = run.TryGetProperty("job_id", out JsonElement job) ? job.GetRawText() : null,
                Page = Text(run, "run_page_url"),
                TaskRunId = task is { } only ? only.GetProperty("run_id").GetInt64() : id,
                ClusterId = Cluster(run) ?? (task is { } one ? Cluster(one) : null),
            };
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new MlflowException(ErrorKind.ServerError, $"The workspace does not tell the state of job run {id} as the Jobs API does. Look at the run in the workspace.", e);
        }
    }

    /// <summary>How the workflow ended, once it is over.</summary>
    public WorkflowEnd ToEnd()
    {
        string said = Message.Length == 0 ? "" : $": {Message.TrimEnd('.')}";
        return Result switch
        {
            "SUCCESS" when Phase == "TERMINATED" => WorkflowEnd.Finished,
            "TIMEDOUT" => WorkflowEnd.TimedOut,
            "CANCELED" => new WorkflowEnd(RunStatus.Killed, $"The job run {RunId} was cancelled in the workspace{said}."),
            _ => new WorkflowEnd(RunStatus.Failed, $"The job run {RunId} ended as {Result ?? Phase}{said}."),
        };
    }

    /// <summary>Where it runs, by the names that MLflow gives such tags (mlflow.utils.mlflow_tags).</summary>
    public IEnumerable<Tag> ToTags(Uri workspace)
    {
        (string Key, string? Value)[] known =
        [
            ("mlflow.databricks.jobID", JobId),
            ("mlflow.databricks.jobRunID", RunId.ToString(CultureInfo.InvariantCulture)),
            ("mlflow.databricks.runURL", Page),
            ("mlflow.databricks.cluster.id", ClusterId),
            ("mlflow.databricks.workspaceURL", workspace.GetLeftPart(UriPartial.Authority)),
        ];
        return known.Where(tag => !string.IsNullOrEmpty(tag.Value)).Select(tag => new Tag(tag.Key, tag.Value!));
    }

    public override string ToString() => $"Databricks job run {RunId}: {Phase}{(Result is null ? "" : $" {Result}")}{(Message.Length == 0 ? "" : $", {Message}")}";

    private static string? Cluster(JsonElement run) => run.TryGetProperty("cluster_instance", out JsonElement instance) ? Text(instance, "cluster_id") : null;

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
