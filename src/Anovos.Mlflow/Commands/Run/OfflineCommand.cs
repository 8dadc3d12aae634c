using System.Management.Automation;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>A cmdlet whose run can be kept in a folder instead of on its server.</summary>
public abstract class OfflineCommand : TrackingCommand
{
    private string? _offlineTarget;

    /// <summary>Keeps the run in a folder. <c>Sync-MlflowRun</c> sends it to its server later.</summary>
    [Parameter]
    public SwitchParameter Offline { get; set; }

    /// <summary>Keeps the run in a folder if the server cannot be reached, now or later.</summary>
    [Parameter]
    public SwitchParameter OfflineFallback { get; set; }

    /// <summary>The folder or SQLite database for runs without a server; without it, <c>./mlruns</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OfflinePath { get; set; }

    /// <summary>Whether the run continues in that folder if the server is lost. Parameters and environment take precedence.</summary>
    protected virtual bool FallsBack => false;

    /// <summary>The tags that record the server that an offline run is meant for.</summary>
    private protected IEnumerable<Tag> OfflineTags => OfflineRuns.TagsOfOffline(_offlineTarget);

    /// <summary>Resolves the store of a new run: the server, the offline store, or the server with the offline store as fallback.</summary>
    /// <param name="trackingUri">The URI in the workflow. The parameters take precedence over it.</param>
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
