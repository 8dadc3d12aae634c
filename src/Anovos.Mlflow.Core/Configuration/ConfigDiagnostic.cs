namespace Anovos.Mlflow.Configuration;

/// <summary>How much a finding in a workflow file weighs.</summary>
public enum DiagnosticSeverity
{
    /// <summary>Worth knowing; nothing is wrong.</summary>
    Information,

    /// <summary>The file can be used, but probably does not do what is meant.</summary>
    Warning,

    /// <summary>The file cannot be used.</summary>
    Error,
}

/// <summary>Something about a workflow file, where it stands and what to do about it.</summary>
public sealed record ConfigDiagnostic
{
    /// <summary>How much it weighs.</summary>
    public required DiagnosticSeverity Severity { get; init; }

    /// <summary>Whether the file cannot be used.</summary>
    public bool IsError => Severity == DiagnosticSeverity.Error;

    /// <summary>The id of the rule that found it, as <c>key-unknown</c>. Ids stay the same from version to version.</summary>
    public required string Rule { get; init; }

    /// <summary>The line, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>The column in characters, from 1.</summary>
    public required int Column { get; init; }

    /// <summary>The dotted key it is about, as <c>mlflow.track_output</c>; empty when it is about the file.</summary>
    public required string Key { get; init; }

    /// <summary>What it is, as a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What Anovos does with it, as a sentence; empty where the message says it.</summary>
    public required string Effect { get; init; }

    /// <summary>What to do about it, as a sentence.</summary>
    public required string Advice { get; init; }

    /// <summary>The file's full path.</summary>
    public required string Path { get; init; }

    /// <summary>The message, what Anovos does, and what to do about it.</summary>
    internal string Text => Effect.Length == 0 ? $"{Message} {Advice}" : $"{Message} {Effect} {Advice}";

    /// <summary><c>path:line:column: message effect advice</c>, as compilers write it.</summary>
    public override string ToString() => $"{Path}:{Line}:{Column}: {Text}";
}
