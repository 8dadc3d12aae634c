using System.Management.Automation;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that works on a tracking store.</summary>
public abstract class TrackingCommand : MlflowCommand
{
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);

    /// <summary>The store to use: a SQLite database, a folder, or the address of a server.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public virtual string? TrackingUri { get; set; }

    /// <summary>A connection from <c>Connect-Mlflow</c> or <c>Get-MlflowConnection</c> to use instead of the session's.</summary>
    [Parameter]
    [ValidateNotNull]
    public MlflowConnection? Connection { get; set; }

    /// <summary>Resolves the store to use. The parameters take precedence over the URI <paramref name="fallback"/>.</summary>
    protected MlflowConnection ResolveConnection(string? fallback = null) => Use(FindConnection(fallback));

    /// <summary>Does the same, for a command that decides later how it uses the store.</summary>
    private protected MlflowConnection FindConnection(string? fallback)
    {
        // A run from the pipeline also sets TrackingUri.
        bool isGiven = Connection is not null && (TrackingUri ?? Connection.TrackingUri) == Connection.TrackingUri;
        return isGiven ? Connection! : Session.Resolve(TrackingUri ?? fallback, ParseTarget);
    }

    /// <summary>Resolves a connection to a store other than the one that the command works on.</summary>
    private protected MlflowConnection ResolveConnectionTo(string trackingUri) => Use(Session.Resolve(trackingUri, ParseTarget));

    /// <summary>
    /// Returns the connection to one of several stores of this command. It omits the environment's credentials if they belong to another.
    /// </summary>
    private protected MlflowConnection UseBeside(MlflowConnection connection, IReadOnlyCollection<MlflowConnection> others)
    {
        MlflowConnection own = Session.OpenBeside(connection, others, ParseTarget);
        if (own != connection && MlflowSession.EnvironmentServer(ParseTarget) is { } named)
        {
            WriteVerbose($"{own} does not get the credentials from {connection.CredentialSource}, because they belong to {named}. If it needs any, "
                + $"connect to it first: Connect-Mlflow {own} -Token … or -Credential ….");
        }
        else if (own != connection)
        {
            WarnOnce($"No server gets the credentials from {connection.CredentialSource}, because MLFLOW_TRACKING_URI does not say which one they "
                + "belong to. Set it, or connect to each server first with Connect-Mlflow.");
        }

        return Use(own);
    }

    private protected MlflowConnection Use(MlflowConnection connection)
    {
        Listen(connection);
        WriteVerbose($"Tracking to {connection.TrackingUri}, authentication: {connection.Options}.");
        return connection;
    }

    /// <summary>Resolves a run and its store.</summary>
    /// <param name="runId">The run's id; null for this session's active run, else the run in <c>MLFLOW_RUN_ID</c>.</param>
    /// <param name="trackingUri">The store to use if the parameters specify none.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NoActiveRun"/></exception>
    internal RunReference ResolveRun(string? runId, string? trackingUri = null)
    {
        ActiveRun? active = runId is null ? Session.Active : Session.Find(runId);
        bool otherStore = Connection is not null || (TrackingUri is not null && TrackingUri != active?.Run.TrackingUri && TrackingUri != active?.Connection.TrackingUri);
        if (active is not null && !otherStore)
        {
            Listen(active.Connection);
            return new RunReference(active.Run.RunId, active.Connection, active.Config);
        }

        runId ??= active?.Run.RunId ?? (RunEnvironment.Read("MLFLOW_RUN_ID") is { Length: > 0 } variable ? variable : null);
        return runId is not null
            ? new RunReference(runId, ResolveConnection(trackingUri), config: null)
            : throw new MlflowException(ErrorKind.NoActiveRun, "There is no active run. Start one with Start-MlflowRun, specify one with -RunId, or set MLFLOW_RUN_ID.");
    }

    /// <summary>
    /// Resolves the registry to use: <c>-RegistryUri</c>, else the registry of the store in the parameters, else
    /// <c>MLFLOW_REGISTRY_URI</c>, else the registry of the store that other commands would use.
    /// </summary>
    /// <param name="store">A store that takes precedence over the last of these, and whose runs models are created from.</param>
    internal ModelRegistry ResolveRegistry(ITrackingStore? store = null)
    {
        string? variable = Connection is null && RunEnvironment.Read("MLFLOW_REGISTRY_URI") is { Length: > 0 } uri ? uri : null;
        string? named = NamedRegistry ?? (RegistryTarget.IsUnityCatalog(TrackingUri) ? TrackingUri : null);
        if (named is null && TrackingUri is null)
            named = variable;
        if (named is null)
            return ModelRegistry.Of(store is not null && variable is null ? store : ResolveConnection().Store);
        return OpenRegistry(named, store ?? NamedStore());
    }

    // The store of the runs that belong to a registry; null if none is specified.
    private ITrackingStore? NamedStore()
    {
        string? uri = TrackingUri ?? MlflowSession.EnvironmentUri;
        return Connection is null && Session.Connection is null && (uri is null || RegistryTarget.IsUnityCatalog(uri))
            ? null
            : ResolveConnection().Store;
    }

    /// <summary>Resolves the registry of the workspace in a model's URI; without a workspace, the registry to use.</summary>
    internal ModelRegistry ResolveRegistry(ModelUri uri) => uri.Workspace is { } workspace
        ? OpenRegistry(workspace, runs: null, RegistryKind.Default)
        : ResolveRegistry();

    /// <summary>The registry that the caller specified; null if none.</summary>
    private protected virtual string? NamedRegistry => null;

    // In the workspace of a model's URI, both registries can be used.
    private ModelRegistry OpenRegistry(string uri, ITrackingStore? runs, RegistryKind workspace = RegistryKind.Workspace)
    {
        RegistryTarget target = RegistryTarget.Parse(uri);
        RegistryKind kind = target.Kind == RegistryKind.Workspace ? workspace : target.Kind;
        return ModelRegistry.Of(ResolveConnectionTo(target.TrackingUri).Store, kind, runs);
    }

    /// <summary>Processes each item. If one fails, writes an error and continues with the others.</summary>
    private protected void ForEach<T>(IEnumerable<T> items, Action<T> work)
    {
        foreach (T item in items)
        {
            try
            {
                work(item);
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                WriteError(e.ToErrorRecord(item));
            }
        }
    }

    /// <summary>Makes this command report retries and warnings of the connection.</summary>
    protected void Listen(MlflowConnection connection) => connection.Listener = new ConnectionListener(this);

    /// <summary>Whether a value that is too long for MLflow is truncated, with a warning, or is an error (<c>MLFLOW_TRUNCATE_LONG_VALUES</c>).</summary>
    protected static bool TruncatesLongValues => new EnvironmentVariables(Environment.GetEnvironmentVariable).Flag("MLFLOW_TRUNCATE_LONG_VALUES", defaultValue: true);

    /// <summary>Finds active experiments by name. A name without a match is a non-terminating error.</summary>
    /// <param name="store">The store.</param>
    /// <param name="names">The names; null for all experiments.</param>
    private protected IReadOnlyList<Experiment> FindExperiments(ITrackingStore store, string[]? names)
    {
        WarnIfMissing(store);
        if (names is null)
            return Await(token => store.ListExperimentsAsync(ViewType.ActiveOnly, token));
        var found = new Dictionary<string, Experiment>(StringComparer.Ordinal);
        ForEach(names, name =>
        {
            foreach (Experiment experiment in Await(token => store.FindExperimentsAsync(new NamePattern(name), ViewType.ActiveOnly, token)))
                found[experiment.ExperimentId] = experiment;
        });
        return [.. found.Values];
    }

    /// <summary>Warns once about a folder or a database that does not exist, because it looks like an empty store.</summary>
    private protected void WarnIfMissing(ITrackingStore store)
    {
        if (MissingStore.KindOf(store) is not { } what)
            return;
        string message = $"The {what} {store.TrackingUri} does not exist, so it has no experiments and no runs. "
            + "Specify another store with -TrackingUri, Connect-Mlflow or MLFLOW_TRACKING_URI.";
        if (_warned.Add(message))
            WriteWarning(message);
    }

    /// <summary>Resolves the name of a registered model. A name from the pipeline is used unchanged.</summary>
    private protected string ResolveModelName(ModelRegistry registry, string name) =>
        IsTyped("Name") ? Await(token => registry.Models.ResolveNameAsync(name, token)) : name;

    /// <summary>
    /// Returns the object from the pipeline; null for text, which is also bound to -Name and treated like a typed name. PowerShell
    /// would bind an object to -Name by its text, with wildcards.
    /// </summary>
    private protected PSObject? PipedObject(PSObject? input) => !IsTyped("Name") && input is { BaseObject: not string } ? input : null;

    /// <summary>Asks whether an experiment may be created, and before that the missing workspace folder that it needs.</summary>
    protected bool ConfirmExperiment(MlflowConnection connection, string experiment)
    {
        // Ask about both in any case: -WhatIf shows both.
        bool mayMakeFolder = Await(token => WorkspaceFolders.FindMissingAsync(connection.Store, experiment, token)) is not { } folder
            || ShouldProcess($"workspace folder '{folder}' at {connection}", "Create");
        return ShouldProcess($"experiment '{experiment}' at {connection}", "Create") && mayMakeFolder;
    }

    /// <summary>Converts a user's hashtable to tags.</summary>
    protected static IReadOnlyList<Tag> ToTags(System.Collections.IDictionary? table) =>
        table is null ? [] : [.. table.Keys.Cast<object>().Select(key => new Tag(ValueText.Of(key), ValueText.Of(table[key])))];

    /// <summary>Writes the results of a search page by page, at most <paramref name="first"/> of them.</summary>
    /// <param name="search">Gets a page.</param>
    /// <param name="filter">Selects the results; all by default.</param>
    /// <param name="first">The maximum number of results.</param>
    /// <param name="write">Called for each result instead of writing it.</param>
    private protected void WritePages<T>(
        Func<(string? PageToken, CancellationToken Cancellation), Task<Page<T>>> search,
        Func<T, bool>? filter = null,
        int first = int.MaxValue,
        Action<T>? write = null)
    {
        write ??= item => WriteObject(item);
        var tokens = new PageWalker();
        string? pageToken = null;
        do
        {
            Page<T> page = Await(cancellation => search((pageToken, cancellation)));
            foreach (T item in page.Items)
            {
                if (filter is not null && !filter(item))
                    continue;
                if (first-- <= 0)
                    return;
                write(item);
            }

            pageToken = tokens.After(page);
        }
        while (pageToken is not null && first > 0);
    }

    /// <summary>Reports the end of a run to the pipeline, and the run that later tasks join from now on.</summary>
    /// <param name="summary">The summary of the run.</param>
    /// <param name="store">The run's store.</param>
    /// <param name="workspaceUrl">The address of the Databricks workspace, if the store is one.</param>
    /// <param name="trackingUri">The store in which later tasks look for the run so far.</param>
    private protected void TellEnd(RunSummary summary, ITrackingStore store, string? workspaceUrl, string trackingUri)
    {
        if (Pipeline is null)
            return;
        summary = summary with { Page = Await(token => store.WithWorkspaceAsync(summary.Run, token)).PageIn(workspaceUrl) };
        try
        {
            Tell(Pipeline.Summarize(summary));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteWarning($"The summary of run {summary.Run.RunId} could not be added to the page of the build: {e.Message}");
        }

        // The outer run; or the same run, if it continued in a folder.
        Run next = Session.Active?.Run ?? summary.Run;
        if (next.RunId != summary.Run.RunId || next.TrackingUri != trackingUri)
            Tell(Pipeline.Join(next));
    }

    /// <summary>Writes a warning, unless this command has already written it. Can be called on any thread.</summary>
    private protected void WarnOnce(string message) => Post(() =>
    {
        if (_warned.Add(message))
            WriteWarning(message);
    });

    /// <summary>Reports that a request will be retried. Can be called on any thread.</summary>
    private protected void TellRetry(RetryNotice notice) => new ConnectionListener(this).Retrying(notice);

    private sealed class ConnectionListener(TrackingCommand command) : IConnectionListener
    {
        // A short interruption does not deserve a warning; a server that stays unreachable does.
        private const int FirstWarning = 3;

        public void Retrying(RetryNotice notice)
        {
            string text = $"{notice.Cause} Trying again in {ReadableTime.Format(notice.Wait)} ({notice.Retry} of {notice.MaxRetries}).";
            if (notice.Retry < FirstWarning)
                command.Post(() => command.WriteVerbose(text));
            else
                Warn(text);
        }

        public void Warn(string message) => command.WarnOnce(message);
    }
}
