namespace Anovos.Mlflow.Tracking;

/// <summary>Detects stores on this machine that do not exist yet. Such a store reads as empty.</summary>
public static class MissingStore
{
    /// <summary>
    /// Returns <c>folder</c> or <c>database</c> if the store does not exist; null for an existing store and for a server.
    /// </summary>
    public static string? KindOf(ITrackingStore store) => store switch
    {
        DirectoryStore { Exists: false } => "folder",
        SqliteStore { Exists: false } => "database",
        _ => null,
    };
}
