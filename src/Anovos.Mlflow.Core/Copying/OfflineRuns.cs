using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Helpers for runs that are kept in a folder or a database until they are sent to a server.</summary>
public static class OfflineRuns
{
    /// <summary>Returns whether the run was sent completely to this server.</summary>
    public static bool IsSynced(Run run, string trackingUri) =>
        run.Tags.TryGetValue(OfflineTags.SyncedTo, out string? uri) && uri == trackingUri;

    /// <summary>Returns the server that an offline run is meant for; null if the run does not name one.</summary>
    public static string? TargetOf(Run run) => run.Tags.TryGetValue(OfflineTags.Target, out string? uri) ? uri : null;

    /// <summary>Returns the tags of a run that is started in a folder for a server; empty without a server.</summary>
    public static IReadOnlyList<Tag> TagsOfOffline(string? trackingUri) =>
        trackingUri is null ? [] : [new Tag(OfflineTags.Target, trackingUri)];
}
