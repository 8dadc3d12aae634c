using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>A tracking store and how it is reached. What it shows is no secret.</summary>
public sealed class MlflowConnection
{
    internal MlflowConnection(TrackingTarget target, ConnectionOptions options)
    {
        Options = options;
        Store = TrackingStores.Open(target, options);
    }

    /// <summary>The tracking URI.</summary>
    public string TrackingUri => Store.TrackingUri;

    /// <summary>How requests are authenticated: Basic, Bearer or None.</summary>
    public string Authentication => Options.Authentication;

    /// <summary>The user of basic authentication.</summary>
    public string? Username => Authentication == "Basic" ? Options.Username : null;

    /// <summary>Where the credentials came from.</summary>
    public string? CredentialSource => Options.CredentialSource;

    internal ConnectionOptions Options { get; }

    internal ITrackingStore Store { get; }

    /// <inheritdoc/>
    public override string ToString() => TrackingUri;
}
