namespace Anovos.Mlflow.Tracking;

/// <summary>A store of this machine that does not exist yet. It reads as an empty one.</summary>
public static class MissingStore
{
    /// <summary>Returns <c>folder</c> or <c>database</c> if the store does not exist; null for one that does, and for a server.</summary>
    public static string? KindOf(ITrackingStore store) => store switch
    {
        DirectoryStore { Exists: false } => "folder",
        SqliteStore { Exists: false } => "database",
        _ => null,
    };
}
