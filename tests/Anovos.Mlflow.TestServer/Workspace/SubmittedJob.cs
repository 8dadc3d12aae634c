using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>A one-time run that was submitted to the workspace.</summary>
public sealed class SubmittedJob
{
    internal SubmittedJob(long runId, JsonElement request, IReadOnlyDictionary<string, string> files) => (RunId, Request, Files) = (runId, request, files);

    /// <summary>Its id; that of its task is one more.</summary>
    public long RunId { get; }

    /// <summary>What was asked for.</summary>
    public JsonElement Request { get; }

    /// <summary>The only task.</summary>
    public JsonElement Task => Request.GetProperty("tasks")[0];

    /// <summary>The arguments of its Python file.</summary>
    public string[] Parameters => [.. Task.GetProperty("spark_python_task").GetProperty("parameters").EnumerateArray().Select(item => item.GetString()!)];

    /// <summary>The files of the workspace at that time, by path.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>Whether it was cancelled.</summary>
    public bool IsCancelled { get; internal set; }

    internal int Asked { get; set; }
}
