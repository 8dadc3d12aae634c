namespace Anovos.Mlflow.Copying;

/// <summary>How models are copied.</summary>
internal sealed record ModelCopyOptions
{
    /// <summary>Keeps the ids of logged models and the numbers of versions. Only a database can.</summary>
    public bool KeepIds { get; init; }

    /// <summary>Leaves files where they are and keeps their locations.</summary>
    public bool KeepArtifactLocations { get; init; }

    /// <summary>Reads and counts only.</summary>
    public bool CountOnly { get; init; }
}
