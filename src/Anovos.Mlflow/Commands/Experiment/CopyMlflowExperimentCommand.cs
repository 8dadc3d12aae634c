using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Copies experiments with all their runs to another store.</summary>
[Cmdlet(VerbsCommon.Copy, "MlflowExperiment", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Copying.SyncResult", "Anovos.Mlflow.Copying.ModelResult")]
public sealed class CopyMlflowExperimentCommand : CopyCommand
{
    private readonly Dictionary<MlflowConnection, Dictionary<string, Experiment>> _selected = [];

    /// <summary>Experiment names; wildcards are allowed.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ExperimentPatternCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Experiment ids.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Id")]
    [ValidateNotNullOrEmpty]
    [Alias("ExperimentId")]
    public string[] Id { get; set; } = [];

    /// <summary>An experiment from <c>Get-MlflowExperiment</c>; its store is the source.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNull]
    public Experiment InputObject { get; set; } = null!;

    /// <summary>Also copies deleted experiments; -KeepId always copies them.</summary>
    [Parameter(ParameterSetName = "Name")]
    public SwitchParameter IncludeDeleted { get; set; }

    /// <summary>A filter in MLflow's search syntax that selects the runs to copy, including deleted runs.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Filter { get; set; }

    private protected override bool IsWholeStore => Filter is null && Name.Contains("*");

    /// <inheritdoc/>
    protected override void Process()
    {
        MlflowConnection source = ResolveSource(ParameterSetName == "InputObject" ? InputObject.TrackingUri : null);
        if (!_selected.TryGetValue(source, out Dictionary<string, Experiment>? experiments))
            _selected[source] = experiments = new(StringComparer.Ordinal);
        ForEach(ParameterSetName switch { "Name" => Name, "Id" => Id, _ => [InputObject.ExperimentId] }, key =>
        {
            foreach (Experiment experiment in ParameterSetName == "Name" ? FindNamed(
                source, key) : [Await(token => source.Store.GetExperimentAsync(key, token))])
                experiments[experiment.ExperimentId] = experiment;
        });
    }

    /// <inheritdoc/>
    protected override void End()
    {
        foreach (KeyValuePair<MlflowConnection, Dictionary<string, Experiment>> source in _selected.Where(source => source.Value.Count > 0))
        {
            Copy(source.Key, async (copier, token) =>
            {
                foreach (Experiment experiment in source.Value.Values)
                {
                    try
                    {
                        await copier.AddAsync(experiment, Filter, ViewType.All, token).ConfigureAwait(false);
                    }
                    catch (MlflowException e) when (!e.EndsPipeline())
                    {
                        Post(() => WriteError(e.ToErrorRecord(experiment.Name)));
                    }
                }
            });
        }
    }

    private IReadOnlyList<Experiment> FindNamed(MlflowConnection source, string name) => Await(token =>
        source.Store.FindExperimentsAsync(new NamePattern(name), IncludeDeleted || KeepId ? ViewType.All : ViewType.ActiveOnly, token));
}
