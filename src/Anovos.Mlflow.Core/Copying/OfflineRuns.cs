using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Runs that are kept in a folder or a database until they are sent to a server.</summary>
public static class OfflineRuns
{
    /// <summary>Whether the run was sent whole to this server.</summary>
    public static bool IsSynced(Run run, string trackingUri) =>
        run.Tags.TryGetValue(OfflineTags.SyncedTo, out string? uri) && uri == trackingUri;

    /// <summary>The server that an offline run is meant for; null where it does not say.</summary>
    public static string? TargetOf(Run run) => run.Tags.TryGetValue(OfflineTags.Target, out string? uri) ? uri : null;

    /// <summary>The tags of a run that is started in a folder for a server; none where there is no such server.</summary>
    public static IReadOnlyList<Tag> TagsOfOffline(string? trackingUri) =>
        trackingUri is null ? [] : [new Tag(OfflineTags.Target, trackingUri)];
}
