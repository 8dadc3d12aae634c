using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>The state of one runspace: its connections and the runs it has started. Two runspaces never share it.</summary>
internal sealed class MlflowSession
{
    // This only ties the lifetime of each session to its runspace.
    private static readonly ConditionalWeakTable<Runspace, MlflowSession> Sessions = new();

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private readonly Dictionary<(string Uri, ConnectionOptions Options), MlflowConnection> _connections = [];
    private readonly Dictionary<string, MlflowConnection> _connected = new(StringComparer.Ordinal);
    private readonly List<ActiveRun> _runs = [];
    private readonly HashSet<string> _said = [];
    private object? _errors;

    /// <summary>Masks the secrets of this session, from its connections and the environment.</summary>
    public Redactor Redactor { get; } = new();

    /// <summary>Finds workspaces that are not specified by their address, once per session.</summary>
    public WorkspaceLookup Lookup { get; } = new();

    /// <summary>The last connection of <c>Connect-Mlflow</c>.</summary>
    public MlflowConnection? Connection { get; private set; }

    /// <summary>The innermost run that has not ended.</summary>
    public ActiveRun? Active => _runs.Count == 0 ? null : _runs[_runs.Count - 1];

    /// <summary>Whether a warning is new in this session. Remembers it.</summary>
    public bool IsNew(string warning) => _said.Add(warning);

    /// <summary>The tracking URI in the environment; null if there is none, in which case <see cref="DefaultStore"/> applies.</summary>
    public static string? EnvironmentUri => RunEnvironment.Read("MLFLOW_TRACKING_URI") is { Length: > 0 } variable ? variable : null;

    /// <summary>Returns the session of a runspace.</summary>
    public static MlflowSession Of(Runspace runspace) => Sessions.GetValue(runspace, Begin);

    /// <summary>
    /// Creates a new session if the runspace was reset. <c>ForEach-Object -Parallel</c> resets a runspace and reuses it for
    /// the next item, which must not inherit a run that an earlier item left open.
    /// </summary>
    /// <param name="runspace">The runspace.</param>
    /// <param name="errors">Its list of errors, <c>$Error</c>: a reset, and nothing else, replaces the list.</param>
    public static void Enter(Runspace runspace, object? errors)
    {
        if (Sessions.TryGetValue(runspace, out MlflowSession? session) && !ReferenceEquals(session._errors ?? errors, errors))
            Forget(runspace);
        Of(runspace)._errors = errors;
    }

    /// <summary>Ends a session: closes its connections, and removes its runs from the environment.</summary>
    public static void Forget(Runspace runspace)
    {
        if (!Sessions.TryGetValue(runspace, out MlflowSession? session))
            return;
        Sessions.Remove(runspace);
        runspace.StateChanged -= ForgetClosed;
        while (session.Active is { } active)
            session.Remove(active.Run.RunId);
        foreach (MlflowConnection connection in session._connections.Values)
            connection.Store.Dispose();
    }

    // A job or a closed runspace may have left a run active.
    private static MlflowSession Begin(Runspace runspace)
    {
        runspace.StateChanged += ForgetClosed;
        return new MlflowSession();
    }

    private static void ForgetClosed(object? sender, RunspaceStateEventArgs change)
    {
        if (change.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken)
            Forget((Runspace)sender!);
    }

    /// <summary>Makes a connection the default. Earlier connections can still be found by their URIs.</summary>
    public void Connect(MlflowConnection connection) => _connected[connection.TrackingUri] = Connection = connection;

    /// <summary>Forgets the connections.</summary>
    public void Disconnect()
    {
        Connection = null;
        _connected.Clear();
    }

    /// <summary>
    /// Resolves the store to track to: the specified URI, else this session's connection, else the store of its active run, else
    /// <c>MLFLOW_TRACKING_URI</c>, else <see cref="DefaultStore"/>.
    /// </summary>
    /// <param name="trackingUri">The specified URI; null for none.</param>
    /// <param name="parse">Parses a URI; for null, chooses the default store.</param>
    public MlflowConnection Resolve(string? trackingUri, Func<string?, TrackingTarget> parse)
    {
        if (trackingUri is null && (Connection ?? Active?.Connection) is { } connection)
            return connection;
        return Open(parse(trackingUri ?? EnvironmentUri));
    }

    /// <summary>Opens a connection to a store, or reuses an open one if the environment still results in the same options.</summary>
    public MlflowConnection Open(TrackingTarget target)
    {
        // Write to a run through the connection that found it, because its credentials work.
        return _connected.TryGetValue(target.Uri, out MlflowConnection? connected) ? connected : Open(target, EnvironmentOptions());
    }

    /// <summary>
    /// Opens the connection to one of several stores of a command. The credentials in the environment belong to the server in
    /// <c>MLFLOW_TRACKING_URI</c>; without it, to the only server.
    /// </summary>
    /// <param name="connection">The connection that a command would use for the store if it used no other store.</param>
    /// <param name="others">The other stores.</param>
    /// <param name="parse">Parses a URI.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.AuthenticationFailed"/> if two Databricks workspaces would get the same secret from the environment.
    /// </exception>
    public MlflowConnection OpenBeside(
        MlflowConnection connection, IReadOnlyCollection<MlflowConnection> others, Func<string, TrackingTarget> parse)
    {
        TrackingTarget target = connection.Target;
        if (connection.IsConnected || target.IsLocal)
            return connection;
        if (target.Server is null)
            return ThrowIfShared(connection, others);
        TrackingTarget? named = EnvironmentServer(parse);
        bool isOwner = named is not null
            ? target.IsAtSameServer(named)
            : others.All(other => other.Target.Server is null || other.Target.IsAtSameServer(target));
        return isOwner ? connection : Open(target, EnvironmentOptions().WithoutCredentials());
    }

    // If DATABRICKS_HOST is set, it says which workspace a secret belongs to. Reading a profile checks that.
    private static MlflowConnection ThrowIfShared(MlflowConnection workspace, IReadOnlyCollection<MlflowConnection> others)
    {
        string source = workspace.CredentialSource ?? "";
        MlflowConnection? second = others.FirstOrDefault(other => !other.IsConnected && other.CredentialSource == source
            && other.WorkspaceUrl is { } url && url != workspace.WorkspaceUrl);
        return second is null || !source.StartsWith("DATABRICKS_", StringComparison.Ordinal)
            ? workspace
            : throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"Two workspaces, {workspace} and {second}, would both get {source} from the environment. Unset it. Then put the credentials of each "
                + "into its profile, or connect to each with Connect-Mlflow.")
            { Target = workspace.TrackingUri };
    }

    /// <summary>Returns the server in the environment; null if there is none.</summary>
    public static TrackingTarget? EnvironmentServer(Func<string, TrackingTarget> parse)
    {
        try
        {
            return EnvironmentUri is { } uri && parse(uri) is { Server: not null } server ? server : null;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.UriUnsupported)
        {
            return null;
        }
    }

    private MlflowConnection Open(TrackingTarget target, ConnectionOptions options)
    {
        options = Complete(target, options);
        if (!_connections.TryGetValue((target.Uri, options), out MlflowConnection? connection))
            _connections[(target.Uri, options)] = connection = new MlflowConnection(target, options);
        return connection;
    }

    /// <summary>Reads the options for any store from the environment and the credentials file. <see cref="Complete"/> adds those of a certain store.</summary>
    public ConnectionOptions EnvironmentOptions() =>
        ConnectionOptions.FromEnvironment(Environment.GetEnvironmentVariable, Home) with { Redactor = Redactor };

    /// <inheritdoc cref="TrackingTarget.Complete"/>
    public ConnectionOptions Complete(TrackingTarget target, ConnectionOptions options, BrowserLogin? login = null) =>
        target.Complete(options, Environment.GetEnvironmentVariable, Home, Lookup, login);

    /// <summary>Returns the run with that id, if it is active in this session.</summary>
    public ActiveRun? Find(string runId) => _runs.FirstOrDefault(run => run.Run.RunId == runId);

    /// <summary>Makes a run the active one and exports it to child processes.</summary>
    public void Push(ActiveRun run)
    {
        _runs.Add(run);
        RunEnvironment.Export(run);
    }

    /// <summary>Removes a run that has ended, so that the outer run, if any, becomes active again.</summary>
    public void Remove(string runId)
    {
        if (Find(runId) is not { } run)
            return;
        _runs.Remove(run);
        RunEnvironment.Withdraw(run);
    }
}
