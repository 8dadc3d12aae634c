using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>A run of a job: a one-time run, or a run of a job that is stored in the workspace.</summary>
public sealed class SubmittedJob
{
    private readonly List<TaskAttempt> _attempts = [];
    private readonly List<JsonElement> _repairs = [];

    internal SubmittedJob(long runId, JsonElement request, IReadOnlyDictionary<string, string> files) => (RunId, Request, Files) = (runId, request, files);

    /// <summary>Its id. The id of its first task is one higher.</summary>
    public long RunId { get; }

    /// <summary>The id of the job; 77 for a one-time run.</summary>
    public long JobId { get; internal init; } = 77;

    /// <summary>True for a run of a stored job.</summary>
    public bool IsOfJob { get; internal init; }

    /// <summary>The submitted run, or the settings of the job.</summary>
    public JsonElement Request { get; }

    /// <summary>The request that started a run of a stored job.</summary>
    public JsonElement RunNow { get; internal init; }

    /// <summary>The only task.</summary>
    public JsonElement Task => Request.GetProperty("tasks")[0];

    /// <summary>The arguments of its Python file.</summary>
    public string[] Parameters => [.. Task.GetProperty("spark_python_task").GetProperty("parameters").EnumerateArray().Select(item => item.GetString()!)];

    /// <summary>The files of the workspace at the time of the start, by path.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>Whether it was cancelled.</summary>
    public bool IsCancelled { get; internal set; }

    /// <summary>The job parameters of the run. A repair has its own.</summary>
    public IReadOnlyDictionary<string, string> JobParameters { get; internal set; } = new Dictionary<string, string>();

    /// <summary>All attempts of all tasks.</summary>
    public IReadOnlyList<TaskAttempt> Attempts
    {
        get
        {
            lock (_attempts)
                return [.. _attempts];
        }
    }

    /// <summary>The requested repairs.</summary>
    public IReadOnlyList<JsonElement> Repairs
    {
        get
        {
            lock (_attempts)
                return [.. _repairs];
        }
    }

    internal int Asked { get; set; }

    internal bool IsOver { get; set; }

    internal void Add(TaskAttempt attempt)
    {
        lock (_attempts)
            _attempts.Add(attempt);
    }

    internal void Add(JsonElement repair)
    {
        lock (_attempts)
            _repairs.Add(repair);
    }
}

/// <summary>An attempt of a task.</summary>
public sealed class TaskAttempt
{
    /// <summary>The task's key.</summary>
    public required string Key { get; init; }

    /// <summary>The id of its run.</summary>
    public required long RunId { get; init; }

    /// <summary>The number of the attempt; 0 for the first.</summary>
    public required int Number { get; init; }

    /// <summary>Its arguments, with the job parameters filled in.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Its result; null until it ends.</summary>
    public string? Result { get; internal set; }

    /// <summary>The task's settings in the job.</summary>
    public required JsonElement Settings { get; init; }
}
