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
/// Sends runs from a folder or a database to a server that does not have them yet: all of them, or the specified ones. It can be
/// interrupted and repeated; data that has arrived is not sent again.
/// </summary>
[Cmdlet(VerbsData.Sync, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Copying.SyncResult")]
public sealed class SyncMlflowRunCommand : TrackingCommand
{
    private readonly HashSet<string> _runIds = new(StringComparer.Ordinal);
    private readonly Dictionary<MlflowConnection, List<string>> _targets = [];
    private MlflowException? _withoutTarget;

    /// <summary>The folder or database with the runs; without it, <c>./mlruns</c> if it has experiments, else <c>./mlflow.db</c>.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Ids of runs; without ids, all runs.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] RunId { get; set; } = [];

    /// <summary>Names of experiments; wildcards are allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ExperimentPatternCompleter))]
    public string[] Experiment { get; set; } = ["*"];

    /// <summary>The store to send to. Without it, the server that each run was meant for, else the default store.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public new string? TrackingUri
    {
        get => base.TrackingUri;
        set => base.TrackingUri = value;
    }

    /// <summary>Checks runs again that were already sent.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process() => _runIds.UnionWith(RunId);

    /// <inheritdoc/>
    protected override void End()
    {
        TrackingTarget place = Place();
        using ITrackingStore source = TrackingStores.Open(place, Session.EnvironmentOptions(), warn: WarnOnce);
        foreach (string missing in Find(source))
            WriteError(new MlflowException(ErrorKind.RunNotFound, $"There is no run '{missing}' in {place}.").ToErrorRecord(missing));
        foreach (KeyValuePair<MlflowConnection, List<string>> target in _targets)
            Send(source, UseBeside(target.Key, _targets.Keys), target.Value);
        if (_withoutTarget is not null)
            throw _withoutTarget;
    }

    // The default local store if it exists, else the folder for offline runs.
    private TrackingTarget Place()
    {
        TrackingTarget place = Path is null ? DefaultStore.In(CurrentDirectory) : ParsePlace(Path);
        if (Path is null && !place.Exists)
            place = ParsePlace("mlruns");
        if (place.Exists)
            return place;
        string what = Path is null ? "no folder ./mlruns and no database ./mlflow.db here" : $"no folder or database of runs at {Path}";
        throw new MlflowException(ErrorKind.UriUnsupported, $"There is {what}. Specify the store with -Path.") { Target = Path ?? place.Uri };
    }

    private void Send(ITrackingStore source, MlflowConnection target, List<string> runIds)
    {
        var display = new TransferDisplay($"Sending runs of {source.TrackingUri} to {target}", record => Post(() => ShowProgress(record)));

        // Send one run at a time: over an unreliable connection, each attempt then completes some runs.
        var options = new CopyOptions { Offline = true, Force = Force, Parallelism = 1, OnRetry = TellRetry, Warn = WarnOnce };
        var copier = new StoreCopier(source, target.Store, options, display.Report);
        copier.Add(runIds);
        Await(token => copier.CopyAsync(result => Post(() => Write(result)), token));
        ShowProgress(display.Done);
    }

    private void Write(SyncResult result)
    {
        WriteObject(result);
        if (result.Error is not null)
            WriteError(result.Error.ToErrorRecord(result.RunId));
    }

    // Selects the runs to send, grouped by target, the oldest first. Returns the ids that were not found.
    private HashSet<string> Find(ITrackingStore source)
    {
        HashSet<string> missing = new(_runIds, StringComparer.Ordinal);
        IReadOnlyList<Experiment> experiments = FindExperiments(source, IsGiven(nameof(Experiment)) ? Experiment : null);
        var search = new RunSearch([.. experiments.Select(experiment => experiment.ExperimentId)]) { OrderBy = ["attributes.start_time ASC"] };
        var pages = new PageWalker();
        string? token = null;
        do
        {
            Page<Run> page = Await(cancellation => source.SearchRunsAsync(search, token, cancellation));
            foreach (Run run in page.Items.Where(run => _runIds.Count == 0 || missing.Remove(run.RunId)))
                Select(source, run);
            token = pages.After(page);
        }
        while (token is not null);
        return missing;
    }

    private void Select(ITrackingStore source, Run run)
    {
        MlflowConnection target = FindConnection(OfflineRuns.TargetOf(run));
        if (target.TrackingUri == source.TrackingUri)
        {
            _withoutTarget ??= new MlflowException(
                ErrorKind.UriUnsupported,
                $"Run {run.RunId} at {source.TrackingUri} does not record which server it is meant for. Specify it with -TrackingUri.")
            { Target = run.RunId };
            return;
        }

        if ((OfflineRuns.IsSynced(run, target.TrackingUri) && !Force) || !ShouldProcess(
            $"run {run.RunId} ('{run.RunName}') to {target}", "Send"))
            return;
        if (!_targets.TryGetValue(target, out List<string>? selected))
            _targets[target] = selected = [];
        selected.Add(run.RunId);
    }
}
