namespace Anovos.Mlflow.TestServer;

/// <summary>What a job does in a workspace: each question about its state takes it one phase on.</summary>
public sealed record JobScript
{
    /// <summary>Its phases before the last, each with the service's message.</summary>
    public IReadOnlyList<(string Phase, string Message)> Phases { get; init; } = [("PENDING", "Waiting for cluster"), ("RUNNING", "In run")];

    /// <summary>Whether it stays in the last of these phases until it is cancelled.</summary>
    public bool Hangs { get; init; }

    /// <summary>The last phase.</summary>
    public string EndPhase { get; init; } = "TERMINATED";

    /// <summary>Its result.</summary>
    public string Result { get; init; } = "SUCCESS";

    /// <summary>What the service says at the end.</summary>
    public string EndMessage { get; init; } = "";

    /// <summary>What it writes to its streams.</summary>
    public string? Logs { get; init; }

    /// <summary>Whether the workspace has the end of the log only.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>What ends it.</summary>
    public string? Error { get; init; }

    /// <summary>The stack at that place.</summary>
    public string? Trace { get; init; }

    /// <summary>What it writes, by path: <c>/dbfs/…</c> or <c>/Volumes/…</c>.</summary>
    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string>();

    /// <summary>The code of its end in <c>status</c>; null for the one that goes with <see cref="Result"/>.</summary>
    public string? Code { get; init; }

    /// <summary>The results of tasks by key, one for each attempt. Tasks without any end as the job does.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> TaskResults { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>What tasks write, by key; others write <see cref="Logs"/>.</summary>
    public IReadOnlyDictionary<string, string> TaskLogs { get; init; } = new Dictionary<string, string>();

    /// <summary>The values that notebooks return, by the key of the task.</summary>
    public IReadOnlyDictionary<string, string> NotebookResults { get; init; } = new Dictionary<string, string>();

    /// <summary>Which of the two descriptions of its state it has.</summary>
    public StateForm Form { get; init; }
}

/// <summary>The descriptions of a run's state.</summary>
public enum StateForm
{
    /// <summary>Both, as of now.</summary>
    Both,

    /// <summary>Only the older <c>state</c>.</summary>
    State,

    /// <summary>Only <c>status</c>.</summary>
    Status,
}
