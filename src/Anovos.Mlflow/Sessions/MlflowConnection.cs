using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>A tracking store and how it is reached. What it shows is no secret.</summary>
public sealed class MlflowConnection
{
    private readonly TrackingTarget _target;

    internal MlflowConnection(TrackingTarget target, ConnectionOptions options)
    {
        _target = target;
        Options = target.Complete(options);
        Store = TrackingStores.Open(target, options, notice => Listener?.Invoke(notice));
    }

    /// <summary>The tracking URI.</summary>
    public string TrackingUri => Store.TrackingUri;

    /// <summary>How requests are authenticated: Basic, Bearer or None.</summary>
    public string Authentication => Options.Authentication;

    /// <summary>The user of basic authentication.</summary>
    public string? Username => Authentication == "Basic" ? Options.Username : null;

    /// <summary>Where the credentials came from.</summary>
    public string? CredentialSource => Options.CredentialSource;

    /// <summary>Who is told of requests that are sent again: the command that uses the connection just now.</summary>
    internal Action<RetryNotice>? Listener { get; set; }

    internal ConnectionOptions Options { get; }

    internal ITrackingStore Store { get; }

    /// <inheritdoc/>
    public override string ToString() => TrackingUri;

    /// <summary>The same store, for a question that is to be answered at once or not at all.</summary>
    internal ITrackingStore OpenWithoutRetries() => TrackingStores.Open(_target, Options with { Retry = RetryPolicy.None });
}
