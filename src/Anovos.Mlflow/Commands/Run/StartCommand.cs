using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>A cmdlet that starts a run: what <c>Start-MlflowRun</c> and <c>Use-MlflowRun</c> share.</summary>
public abstract class StartCommand : TrackingCommand
{
    /// <summary>The workflow that the run is for; its <c>mlflow</c> block says where to track to.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public AnovosConfig? Config { get; set; }

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
    public object? Parent { get; set; }

    /// <summary>Starts the run and makes it active; null when tracking is off or the user declined.</summary>
    /// <param name="resumeId">The id of the run to take up again instead.</param>
    protected Run? Start(string? resumeId)
    {
        if (Config is { Tracking: null })
        {
            WriteWarning($"Tracking is off for {Config.Path}: the file has no mlflow block. Nothing was started.");
            return null;
        }

        MlflowConnection connection = ResolveConnection(Config?.Tracking?.TrackingUri);
        var lifecycle = new RunLifecycle(connection.Store, RunEnvironment.Read);
        Run? run = resumeId is null ? StartNew(connection, lifecycle) : Resume(connection, lifecycle, resumeId);
        if (run is null)
            return null;

        Session.Push(new ActiveRun(run, connection, Config));
        if (Config is null)
            return run;
        var recorder = new WorkflowRecorder(connection.Store, run);
        RecordedWorkflow recorded = Await(token => recorder.RecordAsync(Config, ValueLimits.Truncate, token));
        foreach (string warning in recorded.Warnings)
            WriteWarning(warning);
        return recorded.Run;
    }

    private Run? StartNew(MlflowConnection connection, RunLifecycle lifecycle)
    {
        string? wanted = Experiment ?? Config?.Tracking?.Experiment;
        Experiment? experiment = Await(token => lifecycle.FindExperimentAsync(wanted, token));
        if (experiment is null)
        {
            string name = lifecycle.ExperimentName(wanted);
            if (!ShouldProcess($"experiment '{name}' at {connection}", "Create"))
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
            ParentRunId = ParentRunId(connection),
            Tags = ToTags(Tag),
            SourceName = Config?.Path ?? (MyInvocation.PSCommandPath is { Length: > 0 } script ? script : null),
            SourceDirectory = Config is null ? CurrentDirectory : Path.GetDirectoryName(Config.Path)!,
        };
        return Await(token => lifecycle.StartAsync(experiment, request, token));
    }

    private string Describe(string experiment, MlflowConnection connection) =>
        $"{(Name is null ? "a run" : $"run '{Name}'")} in experiment '{experiment}' at {connection}";

    private Run? Resume(MlflowConnection connection, RunLifecycle lifecycle, string runId) =>
        ShouldProcess($"run {runId} at {connection}", "Resume") ? Await(token => lifecycle.ResumeAsync(runId, ToTags(Tag), token)) : null;

    private string? ParentRunId(MlflowConnection connection) => (Parent is PSObject wrapped ? wrapped.BaseObject : Parent) switch
    {
        null => Session.Active is { } active && active.Connection.TrackingUri == connection.TrackingUri ? active.Run.RunId : null,
        Run run => run.RunId,
        var id => id.ToString(),
    };
}
