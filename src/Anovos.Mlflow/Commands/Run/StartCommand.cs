using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>A cmdlet that starts a run, such as <c>Start-MlflowRun</c> and <c>Use-MlflowRun</c>.</summary>
public abstract class StartCommand : OfflineCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The workflow that the run is for. Its <c>mlflow</c> block specifies the store.</summary>
    public virtual AnovosConfig? Config { get; set; }

    /// <summary>The experiment's name. It is created if it does not exist.</summary>
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

    /// <summary>Tags that the command adds to the caller's tags.</summary>
    protected virtual IReadOnlyList<Tag> OwnTags => [];

    /// <summary>The name of the source that starts the run, and the folder whose git repository it belongs to.</summary>
    protected virtual (string? Name, string Folder) Source => Config is null
        ? (MyInvocation.PSCommandPath is { Length: > 0 } script ? script : null, CurrentDirectory)
        : (Config.Path, Path.GetDirectoryName(Config.Path)!);

    /// <summary>Whether the workflow turns tracking off.</summary>
    protected bool IsTrackingOff => Config is { Tracking: null };

    /// <summary>Called when the store is known, before the run starts. An error here leaves no run behind.</summary>
    protected virtual void BeforeStart(StoreLimits limits)
    {
    }

    /// <summary>Starts the run and makes it active. Returns null if tracking is off or the user declined.</summary>
    /// <param name="resumeId">The id of a run to resume instead; null for a new run.</param>
    protected Run? Start(string? resumeId)
    {
        if (IsTrackingOff)
        {
            WriteWarning($"Tracking is off for {Config!.Path}: the file has no mlflow block. Nothing was started.");
            return null;
        }

        MlflowConnection connection = ResolveStore(Config?.Tracking?.TrackingUri);
        BeforeStart(connection.Store.Limits);
        var lifecycle = new RunLifecycle(connection.Store, RunEnvironment.Read);
        Run? run = resumeId is null ? StartNew(connection, lifecycle) : Resume(connection, lifecycle, resumeId);
        if (run is null)
            return null;

        Session.Push(new ActiveRun(run, connection, Config));
        if (Pipeline is not null)
            Tell(Pipeline.Join(run));
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
            // The caller gets no run, so none may be left active.
            EndQuietly(Session.Find(run.RunId)!, "Failed");
            throw;
        }
    }

    /// <summary>Ends a run after another failure, which is reported instead. Takes at most a few seconds.</summary>
    internal void EndQuietly(ActiveRun active, string status)
    {
        Session.Remove(active.Run.RunId);
        var lifecycle = new RunLifecycle(active.Connection.Store, RunEnvironment.Read);

        // On Ctrl+C, the cmdlet's own token is already cancelled, but the run must still be ended.
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            Run ended = Task.Run(() => lifecycle.EndAsync(active.Run.RunId, active.Run.Experiment, Enum.TryParse(status, out RunStatus parsed) ? parsed : RunStatus.Failed, patience.Token), patience.Token).GetAwaiter().GetResult();
            if (Stopping)
                return;
            MlflowConnection connection = active.Connection;
            TellEnd(RunSummary.Of(ended, connection.WorkspaceUrl), connection.Store, connection.WorkspaceUrl, active.Run.TrackingUri);
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            WriteWarning($"Run {active.Run.RunId} could not be ended as {status}: {e.Message}");
        }
    }

    private Run? StartNew(MlflowConnection connection, RunLifecycle lifecycle)
    {
        ActiveRun? outer = Parent is null && Session.Active is { } active && active.Connection.TrackingUri == connection.TrackingUri ? active : null;
        using IDisposable? open = lifecycle.KeepOpen();
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
        (string? sourceName, string sourceFolder) = Source;
        var request = new RunRequest
        {
            RunName = Name,
            ParentRunId = ParentRunId() ?? outer?.Run.RunId,
            Tags = [.. OwnTags, .. ToTags(Tag), .. OfflineTags],
            SourceName = sourceName,
            SourceDirectory = sourceFolder,
        };
        IReadOnlyList<Tag> tags = RunContext.TagsOf(request, RunEnvironment.Read, connection.Store.Limits);
        return Await(token => lifecycle.StartAsync(experiment, request with { Tags = tags }, token));
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
