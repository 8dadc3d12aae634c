using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
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
    private readonly List<ActiveRun> _runs = [];
    private readonly HashSet<string> _said = [];
    private object? _errors;

    /// <summary>Knows the secrets of this session: those of its connections and of the environment.</summary>
    public Redactor Redactor { get; } = new();

    /// <summary>What <c>Connect-Mlflow</c> set.</summary>
    public MlflowConnection? Connection { get; set; }

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
        // A run that was found over this session's connection is written to over it: its credentials are those that work.
        if (Connection?.TrackingUri == target.Uri)
            return Connection;
        ConnectionOptions options = Complete(target, EnvironmentOptions());
        if (!_connections.TryGetValue((target.Uri, options), out MlflowConnection? connection))
            _connections[(target.Uri, options)] = connection = new MlflowConnection(target, options);
        return connection;
    }

    /// <summary>The options that environment and credentials file give for any store; <see cref="Complete"/> adds what a certain one needs.</summary>
    public ConnectionOptions EnvironmentOptions() =>
        ConnectionOptions.FromEnvironment(Environment.GetEnvironmentVariable, Home) with { Redactor = Redactor };

    /// <inheritdoc cref="TrackingTarget.Complete"/>
    public static ConnectionOptions Complete(TrackingTarget target, ConnectionOptions options) => target.Complete(options, Environment.GetEnvironmentVariable, Home);

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
