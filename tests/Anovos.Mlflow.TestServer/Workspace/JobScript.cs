namespace Anovos.Mlflow.TestServer;

/// <summary>The behavior of a job in a workspace. Each request for its state moves it on by one phase.</summary>
public sealed record JobScript
{
    /// <summary>Its phases before the last one, each with the service's message.</summary>
    public IReadOnlyList<(string Phase, string Message)> Phases { get; init; } = [("PENDING", "Waiting for cluster"), ("RUNNING", "In run")];

    /// <summary>Whether it stays in the last of these phases until it is cancelled.</summary>
    public bool Hangs { get; init; }

    /// <summary>The last phase.</summary>
    public string EndPhase { get; init; } = "TERMINATED";

    /// <summary>Its result.</summary>
    public string Result { get; init; } = "SUCCESS";

    /// <summary>The service's message at the end.</summary>
    public string EndMessage { get; init; } = "";

    /// <summary>The output that it writes.</summary>
    public string? Logs { get; init; }

    /// <summary>Whether the workspace keeps only the end of the log.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>The error that ends it.</summary>
    public string? Error { get; init; }

    /// <summary>The stack trace of the error.</summary>
    public string? Trace { get; init; }

    /// <summary>The files that it writes, by path: <c>/dbfs/…</c> or <c>/Volumes/…</c>.</summary>
    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string>();

    /// <summary>The final code in <c>status</c>; null for the code that matches <see cref="Result"/>.</summary>
    public string? Code { get; init; }

    /// <summary>The results of tasks by key, one for each attempt. Tasks without results end as the job does.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> TaskResults { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The output of tasks, by key. Other tasks write <see cref="Logs"/>.</summary>
    public IReadOnlyDictionary<string, string> TaskLogs { get; init; } = new Dictionary<string, string>();

    /// <summary>The values that notebooks return, by the key of the task.</summary>
    public IReadOnlyDictionary<string, string> NotebookResults { get; init; } = new Dictionary<string, string>();

    /// <summary>Which descriptions of its state it has.</summary>
    public StateForm Form { get; init; }
}

/// <summary>The descriptions of a run's state.</summary>
public enum StateForm
{
    /// <summary>Both.</summary>
    Both,

    /// <summary>Only the older <c>state</c>.</summary>
    State,

    /// <summary>Only <c>status</c>.</summary>
    Status,
}
