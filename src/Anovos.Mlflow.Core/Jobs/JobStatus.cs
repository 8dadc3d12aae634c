using System.Text.Json;

namespace Anovos.Mlflow.Jobs;

/// <summary>The state of a job run or of one of its tasks, from <c>status</c>, or in older workspaces from <c>state</c>.</summary>
/// <param name="Phase">The phase of its life cycle, such as PENDING or TERMINATED.</param>
/// <param name="Result">The result; null before the end.</param>
/// <param name="Code">The code of its end or of its queue, such as <c>RUN_EXECUTION_ERROR</c>; null without a
/// <c>status</c>.</param>
/// <param name="Message">The service's message; may be empty.</param>
internal sealed record JobStatus(string Phase, string? Result, string? Code, string Message)
{
    /// <summary>True if it has ended.</summary>
    public bool IsOver => Phase is "TERMINATED" or "SKIPPED" or "INTERNAL_ERROR";

    /// <summary>True if it succeeded. Some tasks may have failed, if the job allows it.</summary>
    public bool IsSuccess => IsOver && Phase == "TERMINATED" && (Code ?? Result) is "SUCCESS" or "SUCCESS_WITH_FAILURES";

    /// <summary>True if it was cancelled, by a user or by the platform.</summary>
    public bool IsCancelled => Result is "CANCELED" or "UPSTREAM_CANCELED" || Code is "USER_CANCELED" or "CANCELED";

    /// <summary>True if a task was never started, so that it has no output.</summary>
    public bool NeverRan => Phase is "SKIPPED" or "BLOCKED" or "QUEUED" or "PENDING" or "WAITING" || Code is "SKIPPED" or "DISABLED"
        || Result is "UPSTREAM_FAILED" or "UPSTREAM_CANCELED" or "EXCLUDED" or "DISABLED" or "SKIPPED";

    /// <summary>The end as text, such as <c>FAILED (RUN_EXECUTION_ERROR)</c>.</summary>
    public string End => Code is null || Code == Result ? Result ?? Phase : $"{Result ?? Phase} ({Code})";

    /// <summary>Reads the status of a run, a task or a repair.</summary>
    public static JobStatus Read(JsonElement element)
    {
        JsonElement? state = Member(element, "state"), status = Member(element, "status");
        string message = Text(state, "state_message") ?? "";
        if (Text(status, "state") is not { } phase)
            return new JobStatus(
                Text(state, "life_cycle_state") ?? throw new KeyNotFoundException(), Text(state, "result_state"), null, message);
        JsonElement? end = Member(status, "termination_details"), queue = Member(status, "queue_details");
        string? code = Text(end, "code");
        return new JobStatus(
            phase,
            phase == "TERMINATED" ? Text(state, "result_state") ?? code : null,
            code ?? Text(queue, "code"),
            Text(end, "message") ?? Text(queue, "message") ?? message);
    }

    public override string ToString() =>
        $"{Phase}{(Result is null && Code is null ? "" : Result is null ? $" ({Code})" : $" {End}")}{(
            Message.Length == 0 ? "" : $", {Message}")}";

    internal static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.Object
            ? value
            : null;

    internal static string? Text(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;
}
