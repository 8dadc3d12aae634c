namespace Anovos.Mlflow.Configuration;

/// <summary>The severity of a finding in a workflow file.</summary>
public enum DiagnosticSeverity
{
    /// <summary>Useful information. Nothing is wrong.</summary>
    Information,

    /// <summary>The file can be used, but probably does not do what is intended.</summary>
    Warning,

    /// <summary>The file cannot be used.</summary>
    Error,
}

/// <summary>A finding in a workflow file, with its position and advice.</summary>
public sealed record ConfigDiagnostic
{
    /// <summary>The severity.</summary>
    public required DiagnosticSeverity Severity { get; init; }

    /// <summary>Whether the file cannot be used.</summary>
    public bool IsError => Severity == DiagnosticSeverity.Error;

    /// <summary>The id of the rule, such as <c>key-unknown</c>. Ids stay the same from version to version.</summary>
    public required string Rule { get; init; }

    /// <summary>The line, starting at 1.</summary>
    public required int Line { get; init; }

    /// <summary>The column in characters, starting at 1.</summary>
    public required int Column { get; init; }

    /// <summary>The dotted key that the finding is about, such as <c>mlflow.track_output</c>; empty if it is about the file.</summary>
    public required string Key { get; init; }

    /// <summary>The problem, as a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What Anovos does about it, as a sentence; empty if the message says so already.</summary>
    public required string Effect { get; init; }

    /// <summary>The advice on what to do, as a sentence.</summary>
    public required string Advice { get; init; }

    /// <summary>The file's full path.</summary>
    public required string Path { get; init; }

    /// <summary>The message, the effect and the advice.</summary>
    internal string Text => Effect.Length == 0 ? $"{Message} {Advice}" : $"{Message} {Effect} {Advice}";

    /// <summary>Returns <c>path:line:column: message effect advice</c>, in the format of compilers.</summary>
    public override string ToString() => $"{Path}:{Line}:{Column}: {Text}";
}
