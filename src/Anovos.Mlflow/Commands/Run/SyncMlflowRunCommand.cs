using System.Management.Automation;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Sends the runs of a folder to a server: those that it does not have yet, or of these the ones that are named. May be
/// interrupted and repeated; what arrived is not sent again.
/// </summary>
[Cmdlet(VerbsData.Sync, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Copying.SyncResult")]
public sealed class SyncMlflowRunCommand : TrackingCommand
{
    private readonly HashSet<string> _runIds = new(StringComparer.Ordinal);

    /// <summary>The folder with the runs; without it, <c>./mlruns</c>.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "mlruns";

    /// <summary>Ids of runs; without any, all.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] RunId { get; set; } = [];

    /// <summary>Names of experiments; wildcards are allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ExperimentPatternCompleter))]
    public string[] Experiment { get; set; } = ["*"];

    /// <summary>Where to send to. Without it, where each run was meant to go; else as any command.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public new string? TrackingUri
    {
        get => base.TrackingUri;
        set => base.TrackingUri = value;
    }

    /// <summary>Looks again at runs that were sent already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process() => _runIds.UnionWith(RunId);

    /// <inheritdoc/>
    protected override void End()
    {
        TrackingTarget folder = ParseTarget(Path);
        if (folder.Directory is null || !Directory.Exists(folder.Directory))
            throw new MlflowException(ErrorKind.UriUnsupported, $"There is no folder of runs at {Path}. Name it with -Path.") { Target = Path };
        var source = new DirectoryStore(folder.Directory, WarnOnce);
        IReadOnlyList<Run> runs = Find(source);
        foreach (string missing in _runIds.Except(runs.Select(run => run.RunId)))
            WriteError(new MlflowException(ErrorKind.RunNotFound, $"There is no run '{missing}' in {folder}.").ToErrorRecord(missing));
        for (int i = 0; i < runs.Count; i++)
        {
            WriteProgress(new ProgressRecord(0, $"Sending runs of {folder}", $"{runs[i].RunName}, {i + 1} of {runs.Count}") { PercentComplete = 100 * i / runs.Count });
            Send(source, folder.Directory, runs[i]);
        }
    }

    private void Send(DirectoryStore source, string root, Run run)
    {
        MlflowConnection target = ResolveConnection(RunCopier.TargetOf(run));
        if (target.TrackingUri == source.TrackingUri)
            throw new MlflowException(ErrorKind.UriUnsupported, $"Run {run.RunId} is at {source.TrackingUri} and does not say which server it is meant for. Name it with -TrackingUri.") { Target = run.RunId };
        if ((RunCopier.IsSynced(run, target.TrackingUri) && !Force) || !ShouldProcess($"run {run.RunId} ('{run.RunName}') to {target}", "Send"))
            return;
        SyncResult result = Await(token => new RunCopier(source, root, target.Store).SendAsync(run, token));
        WriteObject(result);
        if (result.Error is not null)
            WriteError(result.Error.ToErrorRecord(run.RunId));
    }

    // Oldest first, so that a server shows them in the order in which they ran.
    private IReadOnlyList<Run> Find(DirectoryStore source)
    {
        IReadOnlyList<Experiment> experiments = FindExperiments(source, IsGiven(nameof(Experiment)) ? Experiment : null);
        var search = new RunSearch([.. experiments.Select(experiment => experiment.ExperimentId)]) { OrderBy = ["attributes.start_time ASC"] };
        List<Run> runs = Await(token => PageWalker.ReadAllAsync(page => source.SearchRunsAsync(search, page, token)));
        return [.. runs.Where(run => _runIds.Count == 0 || _runIds.Contains(run.RunId))];
    }
}
