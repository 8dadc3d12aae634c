namespace Anovos.Mlflow.Stores;

/// <summary>The tags that link runs in a folder and runs on a server.</summary>
internal static class OfflineTags
{
    /// <summary>On a run in a folder: the server that it is meant for.</summary>
    public const string Target = "anovos.mlflow.offline.trackingUri";

    /// <summary>On a run in a folder: it is the rest of a run with the same id on the server.</summary>
    public const string Continues = "anovos.mlflow.offline.continues";

    /// <summary>On a run in a folder that was sent: the store that it was sent to.</summary>
    public const string SyncedTo = "anovos.mlflow.sync.trackingUri";

    /// <summary>On a run in a folder that was sent: its id there.</summary>
    public const string SyncedRunId = "anovos.mlflow.sync.runId";

    /// <summary>On a run on a server: the run in a folder that it was sent from. A run is looked up by it before it is created.</summary>
    public const string SourceRunId = "anovos.mlflow.sync.sourceRunId";

    /// <summary>Whether a tag is about the run in the folder only.</summary>
    public static bool IsLocal(string key) => key is Target or Continues or SyncedTo or SyncedRunId;
}
