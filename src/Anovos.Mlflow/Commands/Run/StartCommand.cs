using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Offline;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>A cmdlet that starts a run: what <c>Start-MlflowRun</c> and <c>Use-MlflowRun</c> share.</summary>
public abstract class StartCommand : TrackingCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private string? _offlineTarget;

    /// <summary>The workflow that the run is for; its <c>mlflow</c> block says where to track to.</summary>
    public virtual AnovosConfig? Config { get; set; }

    /// <summary>The experiment's name; it is made if it is missing.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("ExperimentName")]
    [ArgumentCompleter(typeof(ExperimentCompleter))]
    public string? Experiment { get; set; }

    /// <summary>The run's name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("RunName")]
    public string? Name { get; set; }

    /// <summary>Tags of the run.</summary>
    [Parameter]
    public IDictionary? Tag { get; set; }

    /// <summary>The run that this one is nested in: a run or its id. Without it, this session's active run in the same store.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public object? Parent { get; set; }

    /// <summary>Keeps the run in a folder, to be sent to its server later with <c>Sync-MlflowRun</c>.</summary>
    [Parameter]
    public SwitchParameter Offline { get; set; }

    /// <summary>Keeps the run in a folder if the server cannot be reached, now or later on.</summary>
    [Parameter]
    public SwitchParameter OfflineFallback { get; set; }

    /// <summary>The folder for runs without a server; without it, <c>./mlruns</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OfflinePath { get; set; }

    /// <summary>Whether the run goes on in a folder when the server is lost, where neither parameter nor environment says so.</summary>
    protected virtual bool FallsBack => false;

    /// <summary>Tags that the command gives the run beside the caller's.</summary>
    protected virtual IReadOnlyList<Tag> OwnTags => [];

    /// <summary>What starts the run, and the folder whose git repository it belongs to.</summary>
    protected virtual (string? Name, string Folder) Source => Config is null
        ? (MyInvocation.PSCommandPath is { Length: > 0 } script ? script : null, CurrentDirectory)
        : (Config.Path, Path.GetDirectoryName(Config.Path)!);

    /// <summary>Whether the workflow asks for no tracking at all.</summary>
    protected bool IsTrackingOff => Config is { Tracking: null };

    /// <summary>Starts the run and makes it active; null when tracking is off or the user declined.</summary>
    /// <param name="resumeId">The id of the run to take up again instead.</param>
    protected Run? Start(string? resumeId)
    {
        if (IsTrackingOff)
        {
            WriteWarning($"Tracking is off for {Config!.Path}: the file has no mlflow block. Nothing was started.");
            return null;
        }

        MlflowConnection connection = ResolveStart();
        var lifecycle = new RunLifecycle(connection.Store, RunEnvironment.Read);
        Run? run = resumeId is null ? StartNew(connection, lifecycle) : Resume(connection, lifecycle, resumeId);
        if (run is null)
            return null;

        Session.Push(new ActiveRun(run, connection, Config));
        if (Config is null)
            return run;
        var recorder = new WorkflowRecorder(connection.Store, run);
        try
        {
            bool truncate = TruncatesLongValues;
            RecordedWorkflow recorded = Await(token => recorder.RecordAsync(Config, truncate, token));
            foreach (string warning in recorded.Warnings)
                WriteWarning(warning);
            return recorded.Run;
        }
        catch
        {
            // The caller gets no run, so none may be left open.
            EndQuietly(Session.Find(run.RunId)!, "Failed");
            throw;
        }
    }

    /// <summary>Ends a run whose own end is no news any more: something else failed. Takes no longer than a few seconds.</summary>
    internal void EndQuietly(ActiveRun active, string status)
    {
        Session.Remove(active.Run.RunId);
        var lifecycle = new RunLifecycle(active.Connection.Store, RunEnvironment.Read);

        // On Ctrl+C the cmdlet's own token is cancelled already, and the run must end all the same.
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            Task.Run(() => lifecycle.EndAsync(active.Run.RunId, Enum.TryParse(status, out RunStatus parsed) ? parsed : RunStatus.Failed, patience.Token), patience.Token).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            WriteWarning($"Run {active.Run.RunId} could not be ended as {status}: {e.Message}");
        }
    }

    // The store of a new run: the server, the folder in its place, or the one with the other behind it.
    private MlflowConnection ResolveStart()
    {
        MlflowConnection connection = ResolveConnection(Config?.Tracking?.TrackingUri);
        bool auto = OfflineFallback, always = Offline;
        if (!auto && !always)
            (auto, always) = OfflineMode(Environment.GetEnvironmentVariable("ANOVOS_MLFLOW_OFFLINE") is { Length: > 0 } mode ? mode : FallsBack ? "auto" : "never");
        if (connection.Store is DirectoryStore || (!auto && !always))
            return connection;

        string folder = OfflinePath is null ? Path.Combine(CurrentDirectory, "mlruns") : GetUnresolvedProviderPathFromPSPath(OfflinePath);
        if (!always)
        {
            MlflowConnection fallback = connection.WithFallback(new DirectoryStore(folder));
            Listen(fallback);
            return fallback;
        }

        _offlineTarget = connection.TrackingUri;
        MlflowConnection offline = Session.Open(TrackingTarget.Parse(folder, CurrentDirectory));
        WriteWarning($"The run is kept in {offline.TrackingUri}. Send it to {_offlineTarget} with Sync-MlflowRun.");
        return offline;
    }

    private static (bool Auto, bool Always) OfflineMode(string variable) => variable.ToUpperInvariant() switch
    {
        "NEVER" => (false, false),
        "AUTO" => (true, false),
        "ALWAYS" => (false, true),
        _ => throw new MlflowException(ErrorKind.InvalidValue, $"The environment variable ANOVOS_MLFLOW_OFFLINE is '{variable}', where auto, always or never is expected. Correct or unset it.") { Target = "ANOVOS_MLFLOW_OFFLINE" },
    };

    private Run? StartNew(MlflowConnection connection, RunLifecycle lifecycle)
    {
        ActiveRun? outer = Parent is null && Session.Active is { } active && active.Connection.TrackingUri == connection.TrackingUri ? active : null;
        string? wanted = Experiment ?? Config?.Tracking?.Experiment ?? outer?.Run.Experiment;
        Experiment? experiment = Await(token => lifecycle.FindExperimentAsync(wanted, token));
        if (experiment is null)
        {
            string name = lifecycle.ExperimentName(wanted);
            if (!ConfirmExperiment(connection, name))
            {
                ShouldProcess(Describe(name, connection), "Start");
                return null;
            }

            experiment = Await(token => lifecycle.CreateExperimentAsync(new NewExperiment(name), token));
            WriteVerbose($"Created experiment '{experiment.Name}' ({experiment.ExperimentId}).");
        }

        if (!ShouldProcess(Describe(experiment.Name, connection), "Start"))
            return null;
        var request = new RunRequest
        {
            RunName = Name,
            ParentRunId = ParentRunId() ?? outer?.Run.RunId,
            Tags = [.. OwnTags, .. ToTags(Tag), .. RunSync.TagsOfOffline(_offlineTarget)],
            SourceName = Source.Name,
            SourceDirectory = Source.Folder,
        };
        return Await(token => lifecycle.StartAsync(experiment, request, token));
    }

    private string Describe(string experiment, MlflowConnection connection) =>
        $"{(Name is null ? "a run" : $"run '{Name}'")} in experiment '{experiment}' at {connection}";

    private Run? Resume(MlflowConnection connection, RunLifecycle lifecycle, string runId) =>
        ShouldProcess($"run {runId} at {connection}", "Resume") ? Await(token => lifecycle.ResumeAsync(runId, ToTags(Tag), token)) : null;

    private string? ParentRunId() => (Parent is PSObject wrapped ? wrapped.BaseObject : Parent) switch
    {
        Run run => run.RunId,
        var id => id?.ToString(),
    };
}
