using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>What one runspace knows: its connection and the runs it has started. Two runspaces never share it.</summary>
internal sealed class MlflowSession
{
    // No state of its own: it ties each session's lifetime to its runspace's.
    private static readonly ConditionalWeakTable<Runspace, MlflowSession> Sessions = new();

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private readonly Dictionary<(string Uri, ConnectionOptions Options), MlflowConnection> _connections = [];
    private readonly Dictionary<string, MlflowConnection> _connected = new(StringComparer.Ordinal);
    private readonly List<ActiveRun> _runs = [];
    private readonly HashSet<string> _said = [];
    private object? _errors;

    /// <summary>Knows the secrets of this session: those of its connections and of the environment.</summary>
    public Redactor Redactor { get; } = new();

    /// <summary>Finds workspaces that are not named by their address, once in the session.</summary>
    public WorkspaceLookup Lookup { get; } = new();

    /// <summary>The last connection of <c>Connect-Mlflow</c>.</summary>
    public MlflowConnection? Connection { get; private set; }

    /// <summary>The innermost run that has not ended.</summary>
    public ActiveRun? Active => _runs.Count == 0 ? null : _runs[_runs.Count - 1];

    /// <summary>Whether a warning was not given yet.</summary>
    public bool IsNew(string warning) => _said.Add(warning);

    /// <summary>The tracking URI that the environment gives; null for none, which leads to <see cref="DefaultStore"/>.</summary>
    public static string? EnvironmentUri => RunEnvironment.Read("MLFLOW_TRACKING_URI") is { Length: > 0 } variable ? variable : null;

    /// <summary>The session of a runspace.</summary>
    public static MlflowSession Of(Runspace runspace) => Sessions.GetValue(runspace, Begin);

    /// <summary>
    /// Makes a session of its own for whoever uses a runspace now. <c>ForEach-Object -Parallel</c> resets a runspace and
    /// gives it to the next item: a run that an item left open is not the next one's.
    /// </summary>
    /// <param name="runspace">The runspace.</param>
    /// <param name="errors">Its list of errors, <c>$Error</c>: a reset makes another one, and nothing else does.</param>
    public static void Enter(Runspace runspace, object? errors)
    {
        if (Sessions.TryGetValue(runspace, out MlflowSession? session) && !ReferenceEquals(session._errors ?? errors, errors))
            Forget(runspace);
        Of(runspace)._errors = errors;
    }

    /// <summary>Ends a session: its connections close, and the environment no longer names its runs.</summary>
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

    // A job or a closed runspace may have left a run open.
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

    /// <summary>Makes a connection the default. Earlier ones stay known by their URIs.</summary>
    public void Connect(MlflowConnection connection) => _connected[connection.TrackingUri] = Connection = connection;

    /// <summary>Forgets the connections.</summary>
    public void Disconnect()
    {
        Connection = null;
        _connected.Clear();
    }

    /// <summary>
    /// The store to track to: the URI that is given, else this session's connection, else that of its active run, else
    /// <c>MLFLOW_TRACKING_URI</c>, else <see cref="DefaultStore"/>.
    /// </summary>
    /// <param name="trackingUri">The URI that is given.</param>
    /// <param name="parse">Reads a URI, or chooses the store where there is none.</param>
    public MlflowConnection Resolve(string? trackingUri, Func<string?, TrackingTarget> parse)
    {
        if (trackingUri is null && (Connection ?? Active?.Connection) is { } connection)
            return connection;
        return Open(parse(trackingUri ?? EnvironmentUri));
    }

    /// <summary>The connection to a store; one that is already open, if the environment gives the same options still.</summary>
    public MlflowConnection Open(TrackingTarget target)
    {
        // A run that was found over a connection of this session is written to over it: its credentials are those that work.
        return _connected.TryGetValue(target.Uri, out MlflowConnection? connected) ? connected : Open(target, EnvironmentOptions());
    }

    /// <summary>
    /// The connection to one of several stores of a command. The credentials of the environment belong to the server that
    /// <c>MLFLOW_TRACKING_URI</c> names; without it, to the only server.
    /// </summary>
    /// <param name="connection">The connection to the store for a command that uses no other one.</param>
    /// <param name="others">The other stores.</param>
    /// <param name="parse">Reads a URI.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.AuthenticationFailed"/> if two Databricks workspaces would get the same secret of the environment.
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

    // DATABRICKS_HOST would say whose a secret is, and is checked when a profile is read.
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

    /// <summary>The server that the environment names; null if it names none.</summary>
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

    /// <summary>The options that environment and credentials file give for any store; <see cref="Complete"/> adds what a certain one needs.</summary>
    public ConnectionOptions EnvironmentOptions() =>
        ConnectionOptions.FromEnvironment(Environment.GetEnvironmentVariable, Home) with { Redactor = Redactor };

    /// <inheritdoc cref="TrackingTarget.Complete"/>
    public ConnectionOptions Complete(TrackingTarget target, ConnectionOptions options, BrowserLogin? login = null) =>
        target.Complete(options, Environment.GetEnvironmentVariable, Home, Lookup, login);

    /// <summary>The run of that id, if it is active here.</summary>
    public ActiveRun? Find(string runId) => _runs.FirstOrDefault(run => run.Run.RunId == runId);

    /// <summary>Makes a run the active one and names it to child processes.</summary>
    public void Push(ActiveRun run)
    {
        _runs.Add(run);
        RunEnvironment.Export(run);
    }

    /// <summary>Takes a run that ended off, so that the outer one is active again, or none.</summary>
    public void Remove(string runId)
    {
        if (Find(runId) is not { } run)
            return;
        _runs.Remove(run);
        RunEnvironment.Withdraw(run);
    }
}
