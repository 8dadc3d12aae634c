using System.Management.Automation;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>A cmdlet whose run may be kept in a folder in place of its server.</summary>
public abstract class OfflineCommand : TrackingCommand
{
    private string? _offlineTarget;

    /// <summary>Keeps the run in a folder, to be sent to its server later with <c>Sync-MlflowRun</c>.</summary>
    [Parameter]
    public SwitchParameter Offline { get; set; }

    /// <summary>Keeps the run in a folder if the server cannot be reached, now or later on.</summary>
    [Parameter]
    public SwitchParameter OfflineFallback { get; set; }

    /// <summary>The folder or SQLite database for runs without a server; without it, <c>./mlruns</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OfflinePath { get; set; }

    /// <summary>Whether the run goes on in that folder when the server is lost, where neither parameter nor environment says so.</summary>
    protected virtual bool FallsBack => false;

    /// <summary>The tags by which a run in a folder knows the server that it is meant for.</summary>
    private protected IEnumerable<Tag> OfflineTags => OfflineRuns.TagsOfOffline(_offlineTarget);

    /// <summary>The store of a new run: the server, the offline store in its place, or the one with the other behind it.</summary>
    /// <param name="trackingUri">The URI of the workflow, which comes after the parameters.</param>
    private protected MlflowConnection ResolveStore(string? trackingUri)
    {
        MlflowConnection connection = ResolveConnection(trackingUri);
        bool auto = OfflineFallback, always = Offline;
        if (!auto && !always)
        {
            string? mode = new EnvironmentVariables(Environment.GetEnvironmentVariable).Text("ANOVOS_MLFLOW_OFFLINE");
            (auto, always) = OfflineMode(mode ?? (FallsBack ? "auto" : "never"));
        }

        if (connection.IsLocal || (!auto && !always))
            return connection;

        TrackingTarget place = ParsePlace(OfflinePath ?? "mlruns");
        if (!always)
        {
            MlflowConnection fallback = connection.WithFallback(TrackingStores.Open(place, connection.Options, warn: WarnOnce));
            Listen(fallback);
            return fallback;
        }

        _offlineTarget = connection.TrackingUri;
        MlflowConnection offline = Session.Open(place);
        WriteWarning($"The run is kept in {offline.TrackingUri}. Send it to {_offlineTarget} with Sync-MlflowRun.");
        return offline;
    }

    private static (bool Auto, bool Always) OfflineMode(string variable) => variable.ToUpperInvariant() switch
    {
        "NEVER" => (false, false),
        "AUTO" => (true, false),
        "ALWAYS" => (false, true),
        _ => throw new MlflowException(ErrorKind.InvalidValue, $"The environment variable ANOVOS_MLFLOW_OFFLINE is '{variable}', but must be auto, always or never. Correct or unset it.") { Target = "ANOVOS_MLFLOW_OFFLINE" },
    };
}
