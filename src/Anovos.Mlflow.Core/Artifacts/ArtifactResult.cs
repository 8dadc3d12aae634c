namespace Anovos.Mlflow.Artifacts;

/// <summary>The outcome for a file or an output that could be sent or received.</summary>
public enum ArtifactStatus
{
    /// <summary>It was sent to the store.</summary>
    Sent,

    /// <summary>It was downloaded to this machine.</summary>
    Received,

    /// <summary>It already existed at the destination.</summary>
    Unchanged,

    /// <summary>It is not selected for sending.</summary>
    NotTracked,

    /// <summary>It is selected for sending, but does not exist.</summary>
    Missing,

    /// <summary>It could not be sent or received.</summary>
    Failed,
}

/// <summary>The outcome for one file, or for one output of a workflow that was not sent.</summary>
public sealed record ArtifactResult
{
    /// <summary>Its role in the workflow: Output, Report, Statistic or Intermediate; empty for a file outside of a workflow.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Its path under the run's artifact root.</summary>
    public required string ArtifactPath { get; init; }

    /// <summary>Its path on this machine.</summary>
    public string Path { get; init; } = "";

    /// <summary>The size in bytes; null if it was not determined.</summary>
    public long? Length { get; init; }

    /// <summary>The outcome.</summary>
    public required ArtifactStatus Status { get; init; }

    /// <summary>The reason for the outcome.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The run that it belongs to.</summary>
    public string RunId { get; init; } = "";

    /// <summary>The result of an upload.</summary>
    public static ArtifactResult Of(ArtifactUploaded uploaded, string runId) => new()
    {
        Kind = uploaded.Upload.Kind,
        ArtifactPath = uploaded.Upload.ArtifactPath,
        Path = uploaded.Upload.Origin ?? uploaded.Upload.Source.Location,
        Length = uploaded.Upload.Length,
        RunId = runId,
        Status = uploaded.Error is not null ? ArtifactStatus.Failed : uploaded.Unchanged is not null ? ArtifactStatus.Unchanged : ArtifactStatus.Sent,
        Reason = uploaded.Error?.Message ?? uploaded.Unchanged ?? "",
    };
}
