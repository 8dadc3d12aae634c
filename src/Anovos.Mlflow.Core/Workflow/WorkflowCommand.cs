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

    /// <summary>What it gets in place of the workflow file; null for the file itself.</summary>
    public ConfigCopy? Copy { get; init; }

    /// <summary>How long it may run; null for as long as it takes.</summary>
    public TimeSpan? Timeout { get; init; }
}
