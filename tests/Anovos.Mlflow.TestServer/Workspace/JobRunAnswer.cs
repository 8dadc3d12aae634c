using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>A run as <c>runs/get</c> returns it: arrays in pages of 100, and its state in two forms.</summary>
internal sealed class JobRunAnswer(JobScript script, JobRules rules, PreviewKind variables)
{
    private const int PageSize = 100;

    /// <summary>Returns the requested page. Requesting the first page moves the run on by one phase.</summary>
    public object Of(HttpRequest request, SubmittedJob job)
    {
        int offset = request.Query["page_token"].ToString() is { Length: > 0 } token
            ? int.Parse(token, System.Globalization.CultureInfo.InvariantCulture) : 0;
        if (offset == 0 && !job.IsOver)
            job.Asked++;
        var (phase, result, message) = StateOf(job);
        var attempts = job.Attempts;
        Dictionary<string, object> answer = new()
        {
            ["job_id"] = job.JobId,
            ["run_id"] = job.RunId,
            ["run_page_url"] = $"{request.Scheme}://{request.Host}/?o=1#job/{job.JobId}/run/{job.RunId}",
            ["run_type"] = job.IsOfJob ? "JOB_RUN" : "SUBMIT_RUN",
            ["tasks"] = attempts.Skip(offset).Take(PageSize).Select(attempt => Task(attempt, job, phase, message)),
        };
        AddState(answer, phase, result, message, script.Code);
        if (offset == 0)
        {
            answer["job_parameters"] = job.JobParameters.Select(pair => new { name = pair.Key, value = pair.Value });
            if (request.Query["include_history"] == "true")
                answer["repair_history"] = History(job, phase, result);
        }

        if (offset + PageSize < attempts.Count)
            answer["next_page_token"] = $"{offset + PageSize}";
        return answer;
    }

    private static bool IsFailed(string? result) => result is not (null or "SUCCESS");

    private (string Phase, string? Result, string Message) StateOf(SubmittedJob job)
    {
        int step = job.Asked - 1;
        if (job.IsCancelled)
            return ("TERMINATED", "CANCELED", "Run cancelled.");
        if (!job.IsOver && (step < script.Phases.Count || script.Hangs))
        {
            var (phase, message) = script.Phases[Math.Min(step, script.Phases.Count - 1)];
            return (phase, null, message);
        }

        End(job);
        if (rules.WhyNotStarted(job.Attempts[0].Settings) is { } reason)
            return ("INTERNAL_ERROR", "FAILED", reason);
        if (script.TaskResults.Count == 0)
            return (script.EndPhase, script.Result, script.EndMessage);
        var failed = Latest(job).FirstOrDefault(attempt => attempt.Result == "FAILED");
        return failed is null
            ? ("TERMINATED", "SUCCESS", "")
            : ("INTERNAL_ERROR", "FAILED", $"Task {failed.Key} failed with message: Workload failed, see run output for details.");
    }

    /// <summary>Returns the last attempt of each task.</summary>
    public static IReadOnlyList<TaskAttempt> Latest(SubmittedJob job) =>
        [.. job.Attempts.GroupBy(attempt => attempt.Key).Select(attempts => attempts.OrderBy(attempt => attempt.Number).Last())];

    private void End(SubmittedJob job)
    {
        job.IsOver = true;
        foreach (var attempt in Latest(job).Where(attempt => attempt.Result is null))
        {
            bool isBlocked = !(attempt.Settings.TryGetProperty("run_if", out var condition) && condition.GetString() == "ALL_DONE")
                && attempt.Settings.TryGetProperty("depends_on", out var upstream)
                && upstream.EnumerateArray()
                    .Any(item => Latest(job).Any(other => other.Key == item.GetProperty("task_key").GetString() && IsFailed(other.Result)));
            attempt.Result = isBlocked ? "UPSTREAM_FAILED"
                : script.TaskResults.TryGetValue(attempt.Key, out var results) ? results[Math.Min(attempt.Number, results.Count - 1)]
                : script.TaskResults.Count > 0 ? "SUCCESS"
                : script.Result;
        }
    }

    private object Task(TaskAttempt attempt, SubmittedJob job, string phase, string message)
    {
        Dictionary<string,
            object> task = new() { ["run_id"] = attempt.RunId, ["task_key"] = attempt.Key, ["attempt_number"] = attempt.Number };
        bool isOver = attempt.Result is not null || job.IsCancelled;
        string words = attempt.Result == "FAILED" && script.TaskResults.Count > 0 ? "Workload failed, see run output for details"
            : isOver && script.TaskResults.Count > 0 ? ""
            : message;
        AddState(
            task, isOver ? phase is "SKIPPED" or "INTERNAL_ERROR" && script.TaskResults.Count == 0 ? phase : "TERMINATED" : phase, isOver
            ? attempt.Result ?? "CANCELED" : null, words, null);
        foreach (string key in new[] { "environment_key", "environment_variables_key", "for_each_task" })
        {
            if (attempt.Settings.TryGetProperty(key, out var value)
                && !(key == "environment_variables_key" && variables == PreviewKind.Ignored))
                task[key] = value;
        }

        if (attempt.Settings.TryGetProperty("new_cluster", out _) || attempt.Settings.TryGetProperty("existing_cluster_id", out _))
            task["cluster_instance"] = new { cluster_id = "0923-164208-meows279" };
        return task;
    }

    private List<object> History(SubmittedJob job, string phase, string? result)
    {
        List<object> history =
            [new { type = "ORIGINAL", state = new { life_cycle_state = "TERMINATED", result_state = "FAILED", state_message = "" } }];
        for (int i = 0; i < job.Repairs.Count; i++)
        {
            bool isLast = i == job.Repairs.Count - 1;
            Dictionary<string, object> item = new() { ["type"] = "REPAIR", ["id"] = RepairId(job, i) };
            AddState(item, isLast ? phase : "TERMINATED", isLast ? result : "FAILED", "", null);
            history.Add(item);
        }

        return history;
    }

    /// <summary>Returns the id of a repair.</summary>
    public static long RepairId(SubmittedJob job, int index) => (job.RunId * 100) + index;

    private void AddState(Dictionary<string, object> answer, string phase, string? result, string message, string? code)
    {
        bool isOver = phase is "TERMINATED" or "SKIPPED" or "INTERNAL_ERROR";
        if (script.Form != StateForm.Status)
        {
            Dictionary<string, object> state = new() { ["life_cycle_state"] = phase, ["state_message"] = message };
            if (isOver && result is not null)
                state["result_state"] = result;
            answer["state"] = state;
        }

        if (script.Form == StateForm.State)
            return;
        code ??= result switch
        {
            "SUCCESS" or "SUCCESS_WITH_FAILURES" => result,
            "CANCELED" => "USER_CANCELED",
            "TIMEDOUT" => "CANCELED",
            "UPSTREAM_FAILED" => "SKIPPED",
            _ => "RUN_EXECUTION_ERROR"
        };
        Dictionary<string, object> status = new() { ["state"] = isOver ? "TERMINATED" : phase };
        if (isOver)
            status["termination_details"] =
                new { code, type = code.StartsWith("SUCCESS", StringComparison.Ordinal) ? "SUCCESS" : "CLIENT_ERROR", message };
        if (phase == "QUEUED")
            status["queue_details"] = new { code = "ACTIVE_RUNS_LIMIT_REACHED", message };
        answer["status"] = status;
    }
}
