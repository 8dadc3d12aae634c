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

    /// <summary>The store to use; <paramref name="fallback"/> is a URI that comes after the parameters.</summary>
    protected MlflowConnection ResolveConnection(string? fallback = null) => Use(FindConnection(fallback));

    /// <summary>The same, for a command that decides later how it uses the store.</summary>
    private protected MlflowConnection FindConnection(string? fallback)
    {
        // A run from the pipeline names its store as well.
        bool isGiven = Connection is not null && (TrackingUri ?? Connection.TrackingUri) == Connection.TrackingUri;
        return isGiven ? Connection! : Session.Resolve(TrackingUri ?? fallback, ParseTarget);
    }

    /// <summary>The connection to another store than the one that the command works on.</summary>
    private protected MlflowConnection ResolveConnectionTo(string trackingUri) => Use(Session.Resolve(trackingUri, ParseTarget));

    /// <summary>
    /// The connection to one of several stores of this command, without the credentials of the environment if they belong to another.
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

    /// <summary>A run and the store that holds it.</summary>
    /// <param name="runId">Its id; without one it is this session's active run, else the one in <c>MLFLOW_RUN_ID</c>.</param>
    /// <param name="trackingUri">A store that comes after the parameters.</param>
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
            : throw new MlflowException(ErrorKind.NoActiveRun, "There is no active run. Start one with Start-MlflowRun, name one with -RunId, or set MLFLOW_RUN_ID.");
    }

    /// <summary>
    /// The registry to use: that of <c>-RegistryUri</c>, else that of the store in the parameters, else the one in
    /// <c>MLFLOW_REGISTRY_URI</c>, else that of the store that other commands would use.
    /// </summary>
    /// <param name="store">A store that comes before the last of these, and whose runs models are made of.</param>
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

    // The store of runs beside a registry; null if nothing names one.
    private ITrackingStore? NamedStore()
    {
        string? uri = TrackingUri ?? MlflowSession.EnvironmentUri;
        return Connection is null && Session.Connection is null && (uri is null || RegistryTarget.IsUnityCatalog(uri))
            ? null
            : ResolveConnection().Store;
    }

    /// <summary>The registry of the workspace that a model's URI names; without one, the registry to use.</summary>
    internal ModelRegistry ResolveRegistry(ModelUri uri) => uri.Workspace is { } workspace
        ? OpenRegistry(workspace, runs: null, RegistryKind.Default)
        : ResolveRegistry();

    /// <summary>The registry that the command names; null for one that it does not.</summary>
    private protected virtual string? NamedRegistry => null;

    // A workspace that a model's URI names has both registries.
    private ModelRegistry OpenRegistry(string uri, ITrackingStore? runs, RegistryKind workspace = RegistryKind.Workspace)
    {
        RegistryTarget target = RegistryTarget.Parse(uri);
        RegistryKind kind = target.Kind == RegistryKind.Workspace ? workspace : target.Kind;
        return ModelRegistry.Of(ResolveConnectionTo(target.TrackingUri).Store, kind, runs);
    }

    /// <summary>Does something with each item; what fails is an error and stops no other.</summary>
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

    /// <summary>Has this command say what happens on the way to the store.</summary>
    protected void Listen(MlflowConnection connection) => connection.Listener = new ConnectionListener(this);

    /// <summary>Whether a value that is longer than MLflow keeps is cut, with a warning, or is an error (<c>MLFLOW_TRUNCATE_LONG_VALUES</c>).</summary>
    protected static bool TruncatesLongValues => new EnvironmentVariables(Environment.GetEnvironmentVariable).Flag("MLFLOW_TRUNCATE_LONG_VALUES", defaultValue: true);

    /// <summary>The experiments, not deleted, that the names mean. A name that none has is an error and stops no other.</summary>
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

    /// <summary>Warns once of a folder or a database that does not exist, since it reads as an empty store.</summary>
    private protected void WarnIfMissing(ITrackingStore store)
    {
        if (MissingStore.KindOf(store) is not { } what)
            return;
        string message = $"The {what} {store.TrackingUri} does not exist, so it has no experiments and no runs. "
            + "Specify another store with -TrackingUri, Connect-Mlflow or MLFLOW_TRACKING_URI.";
        if (_warned.Add(message))
            WriteWarning(message);
    }

    /// <summary>The registered model that a name means. From the pipeline, a name is taken as it is.</summary>
    private protected string ResolveModelName(ModelRegistry registry, string name) =>
        IsTyped("Name") ? Await(token => registry.Models.ResolveNameAsync(name, token)) : name;

    /// <summary>
    /// The object from the pipeline; null for a text, which is bound to -Name as well and is read like a typed name. PowerShell would
    /// bind an object to -Name by its text, with wildcards.
    /// </summary>
    private protected PSObject? PipedObject(PSObject? input) => !IsTyped("Name") && input is { BaseObject: not string } ? input : null;

    /// <summary>Whether an experiment may be made, and before it the folder that it needs where that is missing.</summary>
    protected bool ConfirmExperiment(MlflowConnection connection, string experiment)
    {
        // Both are asked for: -WhatIf shows both.
        bool mayMakeFolder = Await(token => WorkspaceFolders.FindMissingAsync(connection.Store, experiment, token)) is not { } folder
            || ShouldProcess($"workspace folder '{folder}' at {connection}", "Create");
        return ShouldProcess($"experiment '{experiment}' at {connection}", "Create") && mayMakeFolder;
    }

    /// <summary>A user's hashtable as tags.</summary>
    protected static IReadOnlyList<Tag> ToTags(System.Collections.IDictionary? table) =>
        table is null ? [] : [.. table.Keys.Cast<object>().Select(key => new Tag(ValueText.Of(key), ValueText.Of(table[key])))];

    /// <summary>Writes what a search finds, page by page as the pages come; at most <paramref name="first"/> of them.</summary>
    /// <param name="search">Gets a page.</param>
    /// <param name="filter">Which of them count; all by default.</param>
    /// <param name="first">How many at the most.</param>
    /// <param name="write">What to do with each instead of writing it.</param>
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

    /// <summary>Tells the pipeline what became of a run that ended, and which run later tasks join now.</summary>
    /// <param name="summary">What the run came to.</param>
    /// <param name="store">The run's store.</param>
    /// <param name="workspaceUrl">The address of the Databricks workspace, where the store is one.</param>
    /// <param name="trackingUri">Where later tasks look for the run so far.</param>
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

        // The run around it; or the same run, where it went on in a folder.
        Run next = Session.Active?.Run ?? summary.Run;
        if (next.RunId != summary.Run.RunId || next.TrackingUri != trackingUri)
            Tell(Pipeline.Join(next));
    }

    /// <summary>Writes a warning that this command has not written yet; from any thread.</summary>
    private protected void WarnOnce(string message) => Post(() =>
    {
        if (_warned.Add(message))
            WriteWarning(message);
    });

    /// <summary>Says that a request will be repeated; from any thread.</summary>
    private protected void TellRetry(RetryNotice notice) => new ConnectionListener(this).Retrying(notice);

    private sealed class ConnectionListener(TrackingCommand command) : IConnectionListener
    {
        // A hiccup is no news; a server that stays away is.
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
