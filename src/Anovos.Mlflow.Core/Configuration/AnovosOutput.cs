namespace Anovos.Mlflow.Configuration;

/// <summary>An output of a workflow step, and whether it is tracked.</summary>
public sealed record AnovosOutput
{
    /// <summary>The kind of output.</summary>
    public required OutputKind Kind { get; init; }

    /// <summary>The step that writes it, such as <c>quality_checker.duplicate_detection</c>.</summary>
    public required string Step { get; init; }

    /// <summary>
    /// The path where a workflow without tracking writes it: a full path, or a remote URI as written; null if nothing is written.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>The path where Anovos writes it when Anovos tracks this run itself; null without a run id.</summary>
    public string? RunPath { get; init; }

    /// <summary>Whether it is in a remote store (<c>s3://</c>, <c>gs://</c>, <c>wasbs://</c> …) without a path on this machine.</summary>
    public bool IsRemote { get; init; }

    /// <summary>Its folder among the run's artifacts, empty for the root; null if it has none.</summary>
    public string? ArtifactPath { get; init; }

    /// <summary>Whether it is a single file.</summary>
    public bool IsFile { get; init; }

    /// <summary>Whether it is a folder with its content.</summary>
    public bool IsDirectory => Path is not null && !IsFile;

    /// <summary>Whether it should be sent to the run.</summary>
    public bool Tracked { get; init; }

    /// <summary>The reason why it is tracked or not.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Step}";
}
