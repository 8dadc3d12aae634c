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
/// Sends the runs of a folder or a database to a server: those that it does not have yet, or of these the ones that are named. May be
/// interrupted and repeated; what arrived is not sent again.
/// </summary>
[Cmdlet(VerbsData.Sync, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Copying.SyncResult")]
public sealed class SyncMlflowRunCommand : TrackingCommand
{
    private readonly HashSet<string> _runIds = new(StringComparer.Ordinal);

    /// <summary>The folder or database with the runs; without it, <c>./mlruns</c> if it has experiments, else <c>./mlflow.db</c>.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

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
        TrackingTarget place = Place();
        using ITrackingStore source = TrackingStores.Open(place, Session.EnvironmentOptions(), warn: WarnOnce);
        IReadOnlyList<Run> runs = Find(source);
        foreach (string missing in _runIds.Except(runs.Select(run => run.RunId)))
            WriteError(new MlflowException(ErrorKind.RunNotFound, $"There is no run '{missing}' in {place}.").ToErrorRecord(missing));
        for (int i = 0; i < runs.Count; i++)
        {
            string progress = $"{runs[i].RunName}, {i + 1} of {runs.Count}";
            WriteProgress(new ProgressRecord(0, $"Sending runs of {place}", progress) { PercentComplete = 100 * i / runs.Count });
            Send(source, place.ArtifactFolder!, runs[i]);
        }
    }

    // The folder in which runs are kept offline, if there are any; else the local store.
    private TrackingTarget Place()
    {
        TrackingTarget place = Path is null ? DefaultStore.In(CurrentDirectory) : ParsePlace(Path);
        if (Path is null && !place.Exists)
            place = ParsePlace("mlruns");
        if (place.Exists)
            return place;
        string what = Path is null ? "no folder ./mlruns and no database ./mlflow.db here" : $"no folder or database of runs at {Path}";
        throw new MlflowException(ErrorKind.UriUnsupported, $"There is {what}. Name it with -Path.") { Target = Path ?? place.Uri };
    }

    private void Send(ITrackingStore source, string artifactFolder, Run run)
    {
        MlflowConnection target = ResolveConnection(RunCopier.TargetOf(run));
        if (target.TrackingUri == source.TrackingUri)
        {
            throw new MlflowException(
                ErrorKind.UriUnsupported,
                $"Run {run.RunId} is at {source.TrackingUri} and does not say which server it is meant for. Name it with -TrackingUri.")
            { Target = run.RunId };
        }

        if ((RunCopier.IsSynced(run, target.TrackingUri) && !Force) || !ShouldProcess($"run {run.RunId} ('{run.RunName}') to {target}", "Send"))
            return;
        SyncResult result = Await(token => new RunCopier(source, artifactFolder, target.Store).SendAsync(run, token));
        WriteObject(result);
        if (result.Error is not null)
            WriteError(result.Error.ToErrorRecord(run.RunId));
    }

    // Oldest first, so that a server shows them in the order in which they ran.
    private IReadOnlyList<Run> Find(ITrackingStore source)
    {
        IReadOnlyList<Experiment> experiments = FindExperiments(source, IsGiven(nameof(Experiment)) ? Experiment : null);
        var search = new RunSearch([.. experiments.Select(experiment => experiment.ExperimentId)]) { OrderBy = ["attributes.start_time ASC"] };
        List<Run> runs = Await(token => PageWalker.ReadAllAsync(page => source.SearchRunsAsync(search, page, token)));
        return [.. runs.Where(run => _runIds.Count == 0 || _runIds.Contains(run.RunId))];
    }
}
