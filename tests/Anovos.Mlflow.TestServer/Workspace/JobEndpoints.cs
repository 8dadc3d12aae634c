using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>Jobs and their runs, <c>/api/2.2/jobs</c>.</summary>
internal sealed class JobEndpoints : IWorkspaceEndpoints
{
    private const string Me = "/api/2.0/preview/scim/v2/Me";
    private const int LargestBody = 10 << 20, LongestToken = 64, PageSize = 100, FirstJob = 501;

    private static readonly Regex Path = new("^/api/2\\.[12]/jobs/");

    private readonly WorkspaceOptions _options;
    private readonly ArtifactStore _store;
    private readonly FolderEndpoints _folders;
    private readonly JobRules _rules;
    private readonly JobRunAnswer _answer;
    private readonly List<JsonElement> _saved = [];
    private readonly List<SubmittedJob> _runs = [];
    private readonly Dictionary<string, SubmittedJob> _tokens = new(StringComparer.Ordinal);

    public JobEndpoints(WorkspaceOptions options, ArtifactStore store, FolderEndpoints folders)
    {
        (_options, _store, _folders, _rules) = (options, store, folders, new JobRules(options));
        _answer = new JobRunAnswer(options.Job, _rules, options.ServerlessVariables);
        foreach (string job in options.SavedJobs)
            Create(JsonDocument.Parse(job).RootElement);
    }

    public IReadOnlyList<SubmittedJob> All
    {
        get
        {
            lock (_runs)
                return [.. _runs];
        }
    }

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (path == Me)
        {
            await Answers.JsonAsync(context, JsonSerializer.Serialize(new { id = "1", userName = _options.UserName }));
            return true;
        }

        if (Path.Match(path) is not { Success: true } prefix)
            return false;
        if (recorded.BodyLength > LargestBody)
            throw new ApiException("MAX_REQUEST_SIZE_EXCEEDED", "The request is longer than 10 MB");
        var query = context.Request.Query;
        object answer = (context.Request.Method, path[prefix.Length..]) switch
        {
            ("POST", "create") => new { job_id = Create(Body(recorded)) },
            ("GET", "get") => Describe(Id(query["job_id"].ToString(), "job_id"), query["page_token"].ToString()),
            ("POST", "run-now") => RunNow(Body(recorded)),
            ("POST", "runs/submit") => new { run_id = Submit(Body(recorded)).RunId },
            ("POST", "runs/repair") => Repair(Body(recorded)),
            ("POST", "runs/cancel") => Cancel(Find(Body(recorded).GetProperty("run_id").GetInt64())),
            ("GET", "runs/get") => await GetAsync(context.Request, Find(Id(query["run_id"].ToString(), "run_id"))),
            ("GET", "runs/get-output") => Output(Id(query["run_id"].ToString(), "run_id")),
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

    private static long Id(string text, string name) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id
        : throw ApiException.Invalid($"{name} is required");

    private SubmittedJob Find(long id) =>
        All.FirstOrDefault(job => job.RunId == id) ?? throw ApiException.Invalid($"Run {id} does not exist.");

    private JsonElement FindSaved(long id)
    {
        if (!_options.MayManageRuns)
            throw new ApiException(
                "PERMISSION_DENIED", $"User {_options.UserName} does not have Manage Run or Admin or Owner permissions on job {id}");
        lock (_runs)
            return id >= FirstJob && id < FirstJob + _saved.Count ? _saved[(int)(id - FirstJob)]
                : throw ApiException.Invalid($"Job {id} does not exist.");
    }

    private long Create(JsonElement job)
    {
        _rules.Check(job);
        lock (_runs)
        {
            _saved.Add(job);
            return FirstJob + _saved.Count - 1;
        }
    }

    private object Describe(long id, string token)
    {
        var settings = FindSaved(id);
        int offset = token.Length == 0 ? 0 : int.Parse(token, CultureInfo.InvariantCulture);
        JsonElement[] parameters = settings.TryGetProperty("parameters", out var list) ? [.. list.EnumerateArray()] : [];
        Dictionary<string, object> answer = new()
        {
            ["job_id"] = id,
            ["settings"] =
                new
                {
                    parameters = parameters.Skip(offset).Take(PageSize),
                    tasks = settings.GetProperty("tasks").EnumerateArray().Skip(offset).Take(PageSize)
                },
        };
        if (offset + PageSize < parameters.Length)
            answer["next_page_token"] = $"{offset + PageSize}";
        return answer;
    }

    private SubmittedJob Submit(JsonElement body)
    {
        if (!_options.MaySubmit)
            throw new ApiException("PERMISSION_DENIED", $"{_options.UserName} is not authorized to create runs");
        _rules.Check(body);
        return Start(body, (id, files) => new SubmittedJob(id, body, files));
    }

    private object RunNow(JsonElement body)
    {
        long id = body.GetProperty("job_id").GetInt64();
        var settings = FindSaved(id);
        var run =
            Start(body, (runId, files) =>
            new SubmittedJob(
            runId, settings, files)
            { JobId = id, IsOfJob = true, RunNow = body, JobParameters = ParametersOf(settings, body) });
        return new { run_id = run.RunId, number_in_job = run.RunId };
    }

    private SubmittedJob Start(JsonElement body, Func<long, IReadOnlyDictionary<string, string>, SubmittedJob> create)
    {
        string token = body.TryGetProperty("idempotency_token", out var given) ? given.GetString()! : "";
        if (token.Length > LongestToken)
            throw ApiException.Invalid("idempotency_token is too long");
        lock (_runs)
        {
            if (token.Length > 0 && _tokens.TryGetValue(token, out var before))
                return before;
            if (_runs.Count(run => !run.IsOver && !run.IsCancelled) >= _options.MaximumActiveRuns)
                throw new ApiException("QUOTA_EXCEEDED", "The quota for the number of active runs has been reached.");
            var job = create(10_000 * (_runs.Count + 1), _folders.Files);
            AddAttempts(job, job.Request.GetProperty("tasks").EnumerateArray());
            _runs.Add(job);
            if (token.Length > 0)
                _tokens[token] = job;
            return job;
        }
    }

    private static void AddAttempts(SubmittedJob job, IEnumerable<JsonElement> tasks)
    {
        foreach (var task in tasks)
        {
            string key = task.GetProperty("task_key").GetString()!;
            int number = job.Attempts.Count(attempt => attempt.Key == key);
            string[] arguments = task.TryGetProperty("spark_python_task", out var program)
                && program.TryGetProperty("parameters", out var list)
                ? [.. list.EnumerateArray().Select(item => Resolve(item.GetString()!, job.JobParameters))]
                : [];
            job.Add(
                new TaskAttempt
                {
                    Key = key,
                    RunId = job.RunId + 1 + job.Attempts.Count,
                    Number = number,
                    Arguments = arguments,
                    Settings = task
                });
        }
    }

    private static string Resolve(string text, IReadOnlyDictionary<string, string> parameters) =>
        Regex.Replace(text, @"\{\{job\.parameters\.(\w+)\}\}", match => parameters.GetValueOrDefault(match.Groups[1].Value, match.Value));

    private static Dictionary<string, string> ParametersOf(JsonElement settings, JsonElement request)
    {
        Dictionary<string, string> parameters = settings.TryGetProperty("parameters", out var list)
            ? list.EnumerateArray()
                .ToDictionary(item => item.GetProperty("name").GetString()!, item => item.GetProperty("default").GetString()!)
            : [];
        if (request.TryGetProperty("job_parameters", out var given))
        {
            foreach (var parameter in given.EnumerateObject())
                parameters[parameter.Name] = parameter.Value.GetString()!;
        }

        return parameters;
    }

    private object Repair(JsonElement body)
    {
        var job = Find(body.GetProperty("run_id").GetInt64());
        FindSaved(job.JobId);
        if (!job.IsOver && !job.IsCancelled)
            throw ApiException.Invalid($"Run {job.RunId} is in progress and cannot be repaired.");
        string[] keys = body.TryGetProperty("rerun_tasks", out var list) ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
            : [];
        bool isAll = body.TryGetProperty("rerun_all_failed_tasks", out var all) && all.GetBoolean();
        if (isAll == keys.Length > 0)
            throw ApiException.Invalid("Only one of rerun_tasks or rerun_all_failed_tasks can be used.");
        if (keys.Distinct().Count() != keys.Length)
            throw ApiException.Invalid("rerun_tasks cannot contain duplicate task keys.");
        if (job.Repairs.Count > 0
            && !(body.TryGetProperty("latest_repair_id", out var latest)
            && latest.GetInt64() == JobRunAnswer.RepairId(job, job.Repairs.Count - 1)))
            throw ApiException.Invalid("The latest repair ID needs to be provided in order to create a new repair");
        HashSet<string> again =
            [.. JobRunAnswer.Latest(job).Where(attempt => isAll ? attempt.Result != "SUCCESS" : keys.Contains(attempt.Key))
            .Select(attempt => attempt.Key)];
        if (body.TryGetProperty("rerun_dependent_tasks", out var dependent) && dependent.GetBoolean())
            AddDependents(job, again);
        lock (_runs)
        {
            job.Add(body);
            (job.IsOver, job.IsCancelled, job.Asked) = (false, false, 0);
            job.JobParameters = ParametersOf(job.Request, body);
            AddAttempts(
                job, job.Request.GetProperty("tasks").EnumerateArray()
                .Where(task => again.Contains(task.GetProperty("task_key").GetString()!)));
            return new { repair_id = JobRunAnswer.RepairId(job, job.Repairs.Count - 1) };
        }
    }

    private static void AddDependents(SubmittedJob job, HashSet<string> keys)
    {
        int before;
        do
        {
            before = keys.Count;
            foreach (var task in job.Request.GetProperty("tasks").EnumerateArray())
            {
                if (task.TryGetProperty("depends_on", out var upstream)
                    && upstream.EnumerateArray().Any(item => keys.Contains(item.GetProperty("task_key").GetString()!)))
                    keys.Add(task.GetProperty("task_key").GetString()!);
            }
        }
        while (keys.Count > before);
    }

    private static object Cancel(SubmittedJob job)
    {
        job.IsCancelled |= !job.IsOver;
        return Answers.Empty;
    }

    private async Task<object> GetAsync(HttpRequest request, SubmittedJob job)
    {
        object answer = _answer.Of(request, job);
        foreach (var (path, content) in job.IsOver ? _options.Job.Outputs : new Dictionary<string, string>())
        {
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(content));
            await _store.SaveAsync(path.TrimStart('/'), stream, _ => { }, CancellationToken.None);
        }

        return answer;
    }

    // Only the tasks of a run have output.
    private object Output(long taskRunId)
    {
        if (All.Any(job => job.RunId == taskRunId))
            throw ApiException.Invalid("Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each individual task run instead.");
        var attempt = All.SelectMany(job => job.Attempts).FirstOrDefault(one => one.RunId == taskRunId)
            ?? throw ApiException.Invalid($"Run {taskRunId} does not exist.");
        var script = _options.Job;
        Dictionary<string, object> output = new() { ["metadata"] = new { run_id = taskRunId } };
        if (script.NotebookResults.TryGetValue(attempt.Key, out string? result))
            output["notebook_output"] = new { result, truncated = script.IsTruncated };
        else if ((script.TaskLogs.TryGetValue(attempt.Key, out string? own) ? own : script.Logs) is { } logs)
            (output["logs"], output["logs_truncated"]) = (logs, script.IsTruncated);
        bool isFailed = script.TaskResults.Count == 0 || attempt.Result == "FAILED";
        if (isFailed && script.Error is not null)
            output["error"] = script.Error;
        if (isFailed && script.Trace is not null)
            output["error_trace"] = script.Trace;
        return output;
    }
}
