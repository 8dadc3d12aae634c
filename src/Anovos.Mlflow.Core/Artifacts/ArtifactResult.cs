namespace Anovos.Mlflow.Artifacts;

/// <summary>What became of something that could be sent or received.</summary>
public enum ArtifactStatus
{
    /// <summary>It is in the store.</summary>
    Sent,

    /// <summary>It is on this machine.</summary>
    Received,

    /// <summary>It was there already.</summary>
    Unchanged,

    /// <summary>It is not to be sent.</summary>
    NotTracked,

    /// <summary>It is to be sent and is not there.</summary>
    Missing,

    /// <summary>It did not arrive.</summary>
    Failed,
}

/// <summary>What became of one file, or of one output of a workflow that was not sent.</summary>
public sealed record ArtifactResult
{
    /// <summary>What it is to the workflow: Output, Report, Statistic, Intermediate; empty for a file of no workflow.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Its path under the run's artifact root.</summary>
    public required string ArtifactPath { get; init; }

    /// <summary>Where it is on this machine.</summary>
    public string Path { get; init; } = "";

    /// <summary>Bytes; null where nothing was looked at.</summary>
    public long? Length { get; init; }

    /// <summary>What became of it.</summary>
    public required ArtifactStatus Status { get; init; }

    /// <summary>Why.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The run it was for.</summary>
    public string RunId { get; init; } = "";

    /// <summary>What became of an upload.</summary>
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
