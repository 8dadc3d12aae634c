namespace Anovos.Mlflow.Workflow;

/// <summary>A program to be run: no shell reads any of it.</summary>
public sealed record WorkflowCommand
{
    /// <summary>The program: a path, or a name to be found in <c>PATH</c>.</summary>
    public required string FileName { get; init; }

    /// <summary>Its arguments, each as the program is to see it.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The folder to run in.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Environment variables beside this process's; null takes one away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>How long it may run; null for as long as it takes.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>What runs a workflow to its end: a child process, or a job elsewhere.</summary>
public interface IWorkflowEngine
{
    /// <summary>Runs the workflow.</summary>
    /// <param name="output">Told its output in blocks as they come: the bytes of whole lines, and the lines. From any thread, one at a time.</param>
    /// <param name="cancellationToken">Ends the workflow, and all that it started.</param>
    /// <returns>The exit code; null when it ran out of its time and was ended.</returns>
    /// <exception cref="MlflowException"><see cref="ErrorKind.CommandNotFound"/></exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    Task<int?> RunAsync(Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, CancellationToken cancellationToken);
}
