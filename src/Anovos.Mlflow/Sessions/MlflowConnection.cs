using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>A tracking store and how it is reached. What it shows is no secret.</summary>
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

    /// <summary>How requests are authenticated: Basic, Bearer, None, or how a Databricks workspace is signed in to.</summary>
    public string Authentication => Options.Authentication;

    /// <summary>The user of basic authentication.</summary>
    public string? Username => Authentication == "Basic" ? Options.Username : null;

    /// <summary>Where the credentials came from.</summary>
    public string? CredentialSource => Options.CredentialSource;

    /// <summary>The address of the Databricks workspace, where the store is one.</summary>
    public string? WorkspaceUrl => Options.DatabricksHost?.ToString().TrimEnd('/');

    /// <summary>Who is told of what happens on the way: the command that uses the connection just now.</summary>
    internal IConnectionListener? Listener { get; set; }

    internal ConnectionOptions Options { get; }

    internal TrackingTarget Target { get; }

    /// <summary>Whether it is one of <c>Connect-Mlflow</c>: its credentials are meant for this store.</summary>
    internal bool IsConnected { get; init; }

    internal bool IsLocal => Target.IsLocal;

    internal ITrackingStore Store { get; }

    /// <inheritdoc/>
    public override string ToString() => TrackingUri;

    /// <summary>
    /// The variables with which a child process joins the run as MLflow's client: where it is, and how to get in where that is
    /// known to this session only.
    /// </summary>
    internal IEnumerable<KeyValuePair<string, string>> ClientVariables(Run run)
    {
        yield return new("MLFLOW_RUN_ID", run.RunId);
        yield return new("MLFLOW_TRACKING_URI", run.TrackingUri);
        yield return new("MLFLOW_EXPERIMENT_ID", run.ExperimentId);

        // Newer MLflow takes a directory store only when it is told to.
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

    /// <summary>The same store, for a question that is to be answered at once or not at all.</summary>
    internal ITrackingStore OpenWithoutRetries() => TrackingStores.Open(Target, Options with { Retry = RetryPolicy.None });

    /// <summary>The same server, for a run that goes on in a folder or a database when the server is lost.</summary>
    internal MlflowConnection WithFallback(ITrackingStore local) => new(this, local);
}

/// <summary>Is told what happens on the way to a store; from any thread.</summary>
internal interface IConnectionListener
{
    /// <summary>A request will be sent again.</summary>
    void Retrying(RetryNotice notice);

    /// <summary>Something that the user must know.</summary>
    void Warn(string message);
}
