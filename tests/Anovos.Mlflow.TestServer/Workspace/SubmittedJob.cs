using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>A run of a job: one that was submitted, or one of a job that is kept in the workspace.</summary>
public sealed class SubmittedJob
{
    private readonly List<TaskAttempt> _attempts = [];
    private readonly List<JsonElement> _repairs = [];

    internal SubmittedJob(long runId, JsonElement request, IReadOnlyDictionary<string, string> files) => (RunId, Request, Files) = (runId, request, files);

    /// <summary>Its id; that of its first task is one more.</summary>
    public long RunId { get; }

    /// <summary>The job that it is a run of; 77 for one that was submitted.</summary>
    public long JobId { get; internal init; } = 77;

    /// <summary>True for a run of a job that is kept.</summary>
    public bool IsOfJob { get; internal init; }

    /// <summary>What was asked for: the run that was submitted, or the settings of the job.</summary>
    public JsonElement Request { get; }

    /// <summary>The request that started a run of a kept job.</summary>
    public JsonElement RunNow { get; internal init; }

    /// <summary>The only task.</summary>
    public JsonElement Task => Request.GetProperty("tasks")[0];

    /// <summary>The arguments of its Python file.</summary>
    public string[] Parameters => [.. Task.GetProperty("spark_python_task").GetProperty("parameters").EnumerateArray().Select(item => item.GetString()!)];

    /// <summary>The files of the workspace at that time, by path.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>Whether it was cancelled.</summary>
    public bool IsCancelled { get; internal set; }

    /// <summary>The job parameters that it runs with; a repair has its own.</summary>
    public IReadOnlyDictionary<string, string> JobParameters { get; internal set; } = new Dictionary<string, string>();

    /// <summary>Every attempt of every task.</summary>
    public IReadOnlyList<TaskAttempt> Attempts
    {
        get
        {
            lock (_attempts)
                return [.. _attempts];
        }
    }

    /// <summary>The repairs that were asked for.</summary>
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

    /// <summary>Its run.</summary>
    public required long RunId { get; init; }

    /// <summary>0 for the first.</summary>
    public required int Number { get; init; }

    /// <summary>The arguments that it gets, with the job parameters in them.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Its result; null before its end.</summary>
    public string? Result { get; internal set; }

    /// <summary>The task as the job describes it.</summary>
    public required JsonElement Settings { get; init; }
}
