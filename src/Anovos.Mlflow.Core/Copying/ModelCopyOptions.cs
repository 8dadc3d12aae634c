using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The options of a copy of models.</summary>
internal sealed record ModelCopyOptions
{
    /// <summary>Keeps the ids of logged models and the numbers of versions. Only a database supports this.</summary>
    public bool KeepIds { get; init; }

    /// <summary>Leaves files in place and keeps their locations.</summary>
    public bool KeepArtifactLocations { get; init; }

    /// <summary>Returns why a version is not copied, or null if it is copied. Without it, all versions are copied.</summary>
    public Func<ModelVersion, string?>? WhyNotSelected { get; init; }

    /// <summary>Reads and counts only.</summary>
    public bool CountOnly { get; init; }
}
