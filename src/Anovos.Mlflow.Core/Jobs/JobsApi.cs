using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Jobs;

/// <summary>One-time runs of a workspace, through its Jobs API 2.1.</summary>
internal sealed class JobsApi(RestApi api)
{
    private const string Prefix = "api/2.1/jobs/runs/";

    /// <summary>Submits a Python file as the only task of a run.</summary>
    /// <param name="job">What is to run where.</param>
    /// <param name="pythonFile">The Python file.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="token">The workspace makes one run of requests with the same, at most 64 characters: a request without an answer is safe to repeat.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The id of the run.</returns>
    public async Task<long> SubmitAsync(ClusterJob job, string pythonFile, IReadOnlyList<string> arguments, string token, CancellationToken cancellationToken)
    {
        var task = new JsonObject
        {
            ["task_key"] = "anovos",
            ["spark_python_task"] = new JsonObject { ["python_file"] = pythonFile, ["parameters"] = new JsonArray([.. arguments.Select(argument => JsonValue.Create(argument))]) },
        };
        if (job.ClusterId is not null)
            task["existing_cluster_id"] = job.ClusterId;
        else
            task["new_cluster"] = job.ClusterSpecification();
        if (job.LibraryList() is { } libraries)
            task["libraries"] = libraries;

        JsonElement answer = await api.Retrier.RunAsync(_ => api.PostAddressOnceAsync(Prefix + "submit", Write, ErrorKind.InvalidValue, cancellationToken), cancellationToken).ConfigureAwait(false);
        return answer.TryGetProperty("run_id", out JsonElement id) && id.TryGetInt64(out long run)
            ? run
            : throw new MlflowException(ErrorKind.ServerError, $"{api.Server.Host} took the job and gave no id for its run. Look for '{job.Name}' among the job runs of the workspace.") { Target = job.Name };

        void Write(Utf8JsonWriter json)
        {
            json.WriteString("run_name", job.Name);
            json.WriteString("idempotency_token", token);
            if (job.Timeout is { } limit)
                json.WriteNumber("timeout_seconds", (long)Math.Ceiling(limit.TotalSeconds));
            json.WriteStartArray("tasks");
            task.WriteTo(json);
            json.WriteEndArray();
        }
    }

    /// <summary>The state of a run.</summary>
    public async Task<JobState> GetAsync(long runId, CancellationToken cancellationToken) =>
        JobState.Read(await api.GetAddressAsync(Prefix + "get", ErrorKind.RunNotFound, cancellationToken, ("run_id", Text(runId))).ConfigureAwait(false), runId);

    /// <summary>What a task wrote: the last 5 MB of its log, and what ended it.</summary>
    /// <param name="taskRunId">The run of the task; a run of several tasks has no output of its own.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<JobOutput> OutputAsync(long taskRunId, CancellationToken cancellationToken)
    {
        JsonElement answer = await api.GetAddressAsync(Prefix + "get-output", ErrorKind.RunNotFound, cancellationToken, ("run_id", Text(taskRunId))).ConfigureAwait(false);
        return new JobOutput(Field("logs"), answer.TryGetProperty("logs_truncated", out JsonElement cut) && cut.ValueKind == JsonValueKind.True, Field("error"), Field("error_trace"));

        string? Field(string name) => answer.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    /// <summary>Has a run end; it may take a while to. One that is over stays as it is.</summary>
    public Task CancelAsync(long runId, CancellationToken cancellationToken) =>
        api.Retrier.RunAsync(_ => api.PostAddressOnceAsync(Prefix + "cancel", json => json.WriteNumber("run_id", runId), ErrorKind.RunNotFound, cancellationToken), cancellationToken);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What a task of a job wrote.</summary>
/// <param name="Logs">Both of its streams; null where there are none.</param>
/// <param name="IsTruncated">Whether the beginning of the log is missing.</param>
/// <param name="Error">What ended it.</param>
/// <param name="Trace">The stack at that place.</param>
internal sealed record JobOutput(string? Logs, bool IsTruncated, string? Error, string? Trace);
