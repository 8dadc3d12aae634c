using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>One-time runs, <c>/api/2.1/jobs/runs</c>: a run has one task, and a cluster that is there or is made for it.</summary>
internal sealed class JobEndpoints(WorkspaceOptions options, ArtifactStore store, FolderEndpoints folders) : IWorkspaceEndpoints
{
    private const string Prefix = "/api/2.1/jobs/runs/", Me = "/api/2.0/preview/scim/v2/Me";
    private const int LargestBody = 10 << 20, LongestToken = 64;

    private readonly ConcurrentDictionary<string, SubmittedJob> _jobs = new(StringComparer.Ordinal);

    public IReadOnlyList<SubmittedJob> All => [.. _jobs.Values];

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (path == Me)
        {
            await Answers.JsonAsync(context, JsonSerializer.Serialize(new { id = "1", userName = options.UserName }));
            return true;
        }

        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        if (recorded.BodyLength > LargestBody)
            throw new ApiException("MAX_REQUEST_SIZE_EXCEEDED", "The request is longer than 10 MB");
        string run = context.Request.Query["run_id"].ToString();
        object answer = (context.Request.Method, path[Prefix.Length..]) switch
        {
            ("POST", "submit") => new { run_id = Submit(Body(recorded)).RunId },
            ("POST", "cancel") => Cancel(Find(Body(recorded).GetProperty("run_id").GetInt64())),
            ("GET", "get") => await GetAsync(context.Request, Find(Id(run))),
            ("GET", "get-output") => Output(Id(run)),
            _ => throw new ApiException("ENDPOINT_NOT_FOUND", $"No API found for '{context.Request.Method} {path}'"),
        };
        await Answers.JsonAsync(context, JsonSerializer.Serialize(answer));
        return true;
    }

    private static JsonElement Body(RecordedRequest recorded)
    {
        using var json = JsonDocument.Parse(recorded.Body);
        return json.RootElement.Clone();
    }

    private static long Id(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : throw ApiException.Invalid("run_id is required");

    private SubmittedJob Find(long id) => _jobs.Values.FirstOrDefault(job => job.RunId == id) ?? throw ApiException.Invalid($"Run {id} does not exist.");

    private SubmittedJob Submit(JsonElement body)
    {
        if (!options.MaySubmit)
            throw new ApiException("PERMISSION_DENIED", $"{options.UserName} is not authorized to create runs");
        var task = body.GetProperty("tasks")[0];
        bool isThere = task.TryGetProperty("existing_cluster_id", out var cluster), isNew = task.TryGetProperty("new_cluster", out var specification);
        if (isThere == isNew)
            throw ApiException.Invalid("Task must have exactly one of existing_cluster_id and new_cluster");
        if (isThere && !options.Clusters.Contains(cluster.GetString()))
            throw ApiException.Invalid($"Cluster {cluster.GetString()} does not exist");
        if (isNew && !specification.TryGetProperty("spark_version", out _))
            throw ApiException.Invalid("Missing required field: settings.cluster_spec.new_cluster.spark_version");
        if (string.IsNullOrEmpty(task.GetProperty("spark_python_task").GetProperty("python_file").GetString()))
            throw ApiException.Invalid("Missing required field: python_file");
        string token = body.GetProperty("idempotency_token").GetString()!;
        if (token.Length > LongestToken)
            throw ApiException.Invalid("idempotency_token is too long");
        return _jobs.GetOrAdd(token, _ => new SubmittedJob(1000 + (2 * _jobs.Count), body, folders.Files));
    }

    private static object Cancel(SubmittedJob job)
    {
        job.IsCancelled = true;
        return Answers.Empty;
    }

    private async Task<object> GetAsync(HttpRequest request, SubmittedJob job)
    {
        var script = options.Job;
        int step = job.Asked++;
        object state;
        if (job.IsCancelled)
        {
            state = new { life_cycle_state = "TERMINATED", result_state = "CANCELED", state_message = "Run cancelled." };
        }
        else if (step < script.Phases.Count || script.Hangs)
        {
            var (phase, message) = script.Phases[Math.Min(step, script.Phases.Count - 1)];
            state = new { life_cycle_state = phase, state_message = message };
        }
        else
        {
            foreach (var (path, content) in script.Outputs)
            {
                using var stream = new MemoryStream(Encoding.UTF8.GetBytes(content));
                await store.SaveAsync(path.TrimStart('/'), stream, _ => { }, CancellationToken.None);
            }

            state = new { life_cycle_state = script.EndPhase, result_state = script.Result, state_message = script.EndMessage };
        }

        return new
        {
            job_id = 77,
            run_id = job.RunId,
            run_page_url = $"{request.Scheme}://{request.Host}/?o=1#job/77/run/{job.RunId}",
            run_type = "SUBMIT_RUN",
            state,
            tasks = new[] { new { run_id = job.RunId + 1, task_key = "anovos", state, cluster_instance = new { cluster_id = "0923-164208-meows279" } } },
        };
    }

    // A run has no output: its task has.
    private object Output(long taskRunId)
    {
        if (_jobs.Values.Any(job => job.RunId == taskRunId))
            throw ApiException.Invalid("Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each individual task run instead.");
        Find(taskRunId - 1);
        var script = options.Job;
        Dictionary<string, object> output = new() { ["metadata"] = new { run_id = taskRunId } };
        if (script.Logs is not null)
        {
            output["logs"] = script.Logs;
            output["logs_truncated"] = script.IsTruncated;
        }

        if (script.Error is not null)
            output["error"] = script.Error;
        if (script.Trace is not null)
            output["error_trace"] = script.Trace;
        return output;
    }
}
