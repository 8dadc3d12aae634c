using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>A tracking store and the options to connect to it. Its public properties contain no secrets.</summary>
public sealed class MlflowConnection
{
    internal MlflowConnection(TrackingTarget target, ConnectionOptions options)
    {
        Target = target;
        Options = options;
        Store = TrackingStores.Open(target, Options, notice => Listener?.Retrying(notice), message => Listener?.Warn(message));
    }

    private MlflowConnection(MlflowConnection server, ITrackingStore local)
    {
        Target = server.Target;
        IsConnected = server.IsConnected;
        Options = server.Options;
        ITrackingStore again = TrackingStores.Open(Target, Options, notice => Listener?.Retrying(notice));
        Store = new FallbackStore(again, local, failure => Listener?.Warn(
            $"{failure.Message} The run continues in {local.TrackingUri}. Send it with Sync-MlflowRun when the server is back."));
    }

    /// <summary>The tracking URI.</summary>
    public string TrackingUri => Store.TrackingUri;

    /// <summary>How requests are authenticated: Basic, Bearer, None, or the sign-in method for a Databricks workspace.</summary>
    public string Authentication => Options.Authentication;

    /// <summary>The user for basic authentication.</summary>
    public string? Username => Authentication == "Basic" ? Options.Username : null;

    /// <summary>The source of the credentials.</summary>
    public string? CredentialSource => Options.CredentialSource;

    /// <summary>The address of the Databricks workspace, if the store is one.</summary>
    public string? WorkspaceUrl => Options.DatabricksHost?.ToString().TrimEnd('/');

    /// <summary>The listener for retries and warnings: the command that currently uses the connection.</summary>
    internal IConnectionListener? Listener { get; set; }

    internal ConnectionOptions Options { get; }

    internal TrackingTarget Target { get; }

    /// <summary>Whether <c>Connect-Mlflow</c> created it, so that its credentials are meant for this store.</summary>
    internal bool IsConnected { get; init; }

    internal bool IsLocal => Target.IsLocal;

    internal ITrackingStore Store { get; }

    /// <inheritdoc/>
    public override string ToString() => TrackingUri;

    /// <summary>
    /// Returns the environment variables with which an MLflow client in a child process joins the run: its location, and the
    /// credentials if only this session has them.
    /// </summary>
    internal IEnumerable<KeyValuePair<string, string>> ClientVariables(Run run)
    {
        yield return new("MLFLOW_RUN_ID", run.RunId);
        yield return new("MLFLOW_TRACKING_URI", run.TrackingUri);
        yield return new("MLFLOW_EXPERIMENT_ID", run.ExperimentId);

        // Newer MLflow accepts a directory store only with this variable.
        if (run.TrackingUri.StartsWith("file:", StringComparison.Ordinal))
            yield return new("MLFLOW_ALLOW_FILE_STORE", "true");
        if (TrackingTarget.IsLocalUri(run.TrackingUri))
            yield break;

        (string Name, string? Value)[] known = Authentication switch
        {
            "Basic" => [("MLFLOW_TRACKING_USERNAME", Options.Username), ("MLFLOW_TRACKING_PASSWORD", Options.Password)],
            "Bearer" => [("MLFLOW_TRACKING_TOKEN", Options.Token)],
            _ => [],
        };
        (string Name, string? Value)[] more = [.. known, ("MLFLOW_TRACKING_SERVER_CERT_PATH", Options.ServerCertificatePath), ("MLFLOW_TRACKING_INSECURE_TLS", Options.InsecureTls ? "true" : null)];
        foreach ((string name, string? value) in more)
        {
            if (value is not null)
                yield return new(name, value);
        }
    }

    /// <summary>Opens the same store without retries, for a request that should succeed or fail immediately.</summary>
    internal ITrackingStore OpenWithoutRetries() => TrackingStores.Open(Target, Options with { Retry = RetryPolicy.None });

    /// <summary>Connects to the same server, for a run that continues in a folder or a database if the server is lost.</summary>
    internal MlflowConnection WithFallback(ITrackingStore local) => new(this, local);
}

/// <summary>Receives notifications about requests to a store, on any thread.</summary>
internal interface IConnectionListener
{
    /// <summary>Called before a request is retried.</summary>
    void Retrying(RetryNotice notice);

    /// <summary>Called with a warning for the user.</summary>
    void Warn(string message);
}
