namespace Anovos.Mlflow.Configuration;

/// <summary>What one step of a workflow writes, and whether it is tracked.</summary>
public sealed record AnovosOutput
{
    /// <summary>What it is.</summary>
    public required OutputKind Kind { get; init; }

    /// <summary>The step that writes it, as <c>quality_checker.duplicate_detection</c>.</summary>
    public required string Step { get; init; }

    /// <summary>
    /// Where a workflow that does not track puts it: a full path, or a remote URI as written; null when nothing is written.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>Where Anovos puts it when it tracks this run itself; null without a run id.</summary>
    public string? RunPath { get; init; }

    /// <summary>Whether it is in a remote store (<c>s3://</c>, <c>gs://</c>, <c>wasbs://</c> …) and no path of this machine leads there.</summary>
    public bool IsRemote { get; init; }

    /// <summary>Its folder among the run's artifacts, empty for their root; null when it has none.</summary>
    public string? ArtifactPath { get; init; }

    /// <summary>Whether it is a single file.</summary>
    public bool IsFile { get; init; }

    /// <summary>Whether it is a folder and what is in it.</summary>
    public bool IsDirectory => Path is not null && !IsFile;

    /// <summary>Whether it is to be sent to the run.</summary>
    public bool Tracked { get; init; }

    /// <summary>Why it is tracked, or why not.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Step}";
}
