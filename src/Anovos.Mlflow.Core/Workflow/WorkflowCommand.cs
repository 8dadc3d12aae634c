namespace Anovos.Mlflow.Workflow;

/// <summary>A program to run, without a shell.</summary>
public sealed record WorkflowCommand
{
    /// <summary>The program: a path, or a name to look up in <c>PATH</c>.</summary>
    public required string FileName { get; init; }

    /// <summary>The arguments, exactly as the program receives them.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The working directory.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Environment variables in addition to those of this process; null removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The copy that the program gets instead of the workflow file; null if it gets the file itself.</summary>
    public ConfigCopy? Copy { get; init; }

    /// <summary>The time limit; null if there is none.</summary>
    public TimeSpan? Timeout { get; init; }
}
