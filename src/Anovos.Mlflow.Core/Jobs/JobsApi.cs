using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Jobs;

/// <summary>Accesses the jobs of a workspace and their runs, with the Jobs API 2.2.</summary>
internal sealed class JobsApi(RestApi api)
{
    private const string Prefix = "api/2.2/jobs/";

    // Without its id a run could not be cancelled, so after Ctrl+C a request to start one gets this long to return the id.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(8);

    /// <summary>Submits a one-time run.</summary>
    /// <param name="run">The run. Its <c>idempotency_token</c>, of at most 64 characters, makes retries of the request safe.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The id of the run.</returns>
    public Task<long> SubmitAsync(JsonObject run, CancellationToken cancellationToken) =>
        StartAsync("runs/submit", run, "run_id", "the permission to create a cluster, to use its policy, or to attach to the cluster "
            + "(Can Attach To, Can Restart)", cancellationToken);

    /// <summary>Runs a job of the workspace.</summary>
    /// <inheritdoc cref="SubmitAsync"/>
    public Task<long> RunNowAsync(JsonObject run, CancellationToken cancellationToken) =>
        StartAsync("run-now", run, "run_id", "Can Manage Run on the job", cancellationToken);

    /// <summary>Runs tasks of a run again. The request is not idempotent, so it is not retried.</summary>
    /// <returns>The id of the repair.</returns>
    public async Task<long> RepairAsync(JsonObject repair, CancellationToken cancellationToken)
    {
        using CancellationTokenSource farewell = After(cancellationToken);
        return await StartOnceAsync("runs/repair", repair, "repair_id", "Can Manage Run on the job", farewell.Token).ConfigureAwait(false);
    }

    /// <summary>Returns the names of a job's parameters.</summary>
    public async Task<IReadOnlyList<string>> ParametersAsync(long jobId, CancellationToken cancellationToken)
    {
        try
        {
            IReadOnlyList<JsonElement> pages = await PagesAsync("get", "job_id", jobId, null, cancellationToken).ConfigureAwait(false);
            return [.. pages.Select(page => JobStatus.Member(page, "settings"))
                .Where(settings =>
                    settings is { } some && some.TryGetProperty("parameters", out JsonElement list)
                    && list.ValueKind == JsonValueKind.Array)
                .SelectMany(settings => settings!.Value.GetProperty("parameters").EnumerateArray())
                .Select(parameter => JobStatus.Text(parameter, "name")).OfType<string>()];
        }
        catch (MlflowException e)
        {
            throw JobAdvice.Explain(e, "Can View on the job, and Can Manage Run");
        }
    }

    /// <summary>Returns the state of a run with all its tasks.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="repairId">The repair to follow; null without one.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<JobState> GetAsync(long runId, long? repairId, CancellationToken cancellationToken) =>
        JobState.Read(await PagesAsync("runs/get", "run_id", runId, "true", cancellationToken).ConfigureAwait(false), runId, repairId);

    /// <summary>Returns the output of a task: the last 5 MB of its log or the first 5 MB of its result, and its error.</summary>
    /// <param name="taskRunId">The id of the task's run; a run with several tasks has no output of its own.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<JobOutput> OutputAsync(long taskRunId, CancellationToken cancellationToken)
    {
        JsonElement response =
            await api.GetAddressAsync(Prefix + "runs/get-output", ErrorKind.RunNotFound, cancellationToken, ("run_id", Text(taskRunId)))
            .ConfigureAwait(false);
        JsonElement? notebook = JobStatus.Member(response, "notebook_output");
        return new JobOutput(
            JobStatus.Text(response, "logs"), IsTrue(response, "logs_truncated"), JobStatus.Text(response, "error"),
            JobStatus.Text(response, "error_trace"))
        {
            Result = JobStatus.Text(notebook, "result"),
            IsResultTruncated = notebook is { } output && IsTrue(output, "truncated"),
        };

        static bool IsTrue(JsonElement element, string name) =>
            element.TryGetProperty(name, out JsonElement flag) && flag.ValueKind == JsonValueKind.True;
    }

    /// <summary>Cancels a run, which may take a while. A run that is already over does not change.</summary>
    public Task CancelAsync(long runId, CancellationToken cancellationToken) =>
        api.Retrier.RunAsync(_ =>
            api.PostAddressOnceAsync(Prefix + "runs/cancel", json =>
            json.WriteNumber("run_id", runId), ErrorKind.RunNotFound, cancellationToken), cancellationToken);

    private async Task<long> StartAsync(
        string endpoint, JsonObject body, string idField, string permission, CancellationToken cancellationToken)
    {
        using CancellationTokenSource farewell = After(cancellationToken);
        return await api.Retrier.RunAsync(_ => StartOnceAsync(endpoint, body, idField, permission, farewell.Token), farewell.Token)
            .ConfigureAwait(false);
    }

    private async Task<long> StartOnceAsync(
        string endpoint, JsonObject body, string idField, string permission, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement response = await api.PostAddressOnceAsync(Prefix + endpoint, Write, ErrorKind.InvalidValue, cancellationToken)
                .ConfigureAwait(false);
            return response.TryGetProperty(idField, out JsonElement id) && id.TryGetInt64(out long number)
                ? number
                : throw new MlflowException(ErrorKind.ServerError, $"{api.Server.Host} accepted the job but returned no {idField}. Look "
                    + "for it among the job runs of the workspace.");
        }
        catch (MlflowException e)
        {
            throw JobAdvice.Explain(e, permission);
        }

        void Write(Utf8JsonWriter json)
        {
            foreach (KeyValuePair<string, JsonNode?> field in body)
            {
                json.WritePropertyName(field.Key);
                if (field.Value is null)
                    json.WriteNullValue();
                else
                    field.Value.WriteTo(json);
            }
        }
    }

    private async Task<IReadOnlyList<JsonElement>> PagesAsync(
        string endpoint, string idField, long id, string? history, CancellationToken cancellationToken)
    {
        List<JsonElement> pages = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (string? token = null; ; seen.Add(token))
        {
            JsonElement page = await api.GetAddressAsync(
                Prefix + endpoint, ErrorKind.RunNotFound, cancellationToken, (idField, Text(id)), ("include_history", history),
                    ("page_token", token)).ConfigureAwait(false);
            pages.Add(page);
            token = JobStatus.Text(page, "next_page_token");
            if (token is null)
                return pages;
            if (seen.Contains(token))
                throw new MlflowException(ErrorKind.ServerError, $"{api.Server.Host} returned the page token '{token}' of {endpoint} "
                    + "twice: the tasks after it cannot be read.");
        }
    }

    // Returns a source that is cancelled a few seconds after the token.
    private static CancellationTokenSource After(CancellationToken cancellationToken)
    {
        var source = new CancellationTokenSource();
        cancellationToken.Register(() => source.CancelAfter(Farewell));
        return source;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The output of a task of a job.</summary>
/// <param name="Logs">The log with both output streams; null if there is none.</param>
/// <param name="IsTruncated">Whether the beginning of the log is missing.</param>
/// <param name="Error">The error that ended the task.</param>
/// <param name="Trace">The stack trace of the error.</param>
internal sealed record JobOutput(string? Logs, bool IsTruncated, string? Error, string? Trace)
{
    /// <summary>The value that a notebook returned.</summary>
    public string? Result { get; init; }

    /// <summary>Whether the end of the result is missing.</summary>
    public bool IsResultTruncated { get; init; }
}
