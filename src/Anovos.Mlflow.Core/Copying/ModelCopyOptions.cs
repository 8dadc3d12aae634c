using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>How models are copied.</summary>
internal sealed record ModelCopyOptions
{
    /// <summary>Keeps the ids of logged models and the numbers of versions. Only a database can.</summary>
    public bool KeepIds { get; init; }

    /// <summary>Leaves files where they are and keeps their locations.</summary>
    public bool KeepArtifactLocations { get; init; }

    /// <summary>Returns why a version is not copied, or null if it is; without it, all are copied.</summary>
    public Func<ModelVersion, string?>? WhyNotSelected { get; init; }

    /// <summary>Reads and counts only.</summary>
    public bool CountOnly { get; init; }
}
