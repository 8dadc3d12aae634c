using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that changes experiments, selected by name, wildcards or id. If one fails, it continues with the others.</summary>
public abstract class ExperimentCommand : TrackingCommand
{
    /// <summary>Names; wildcards are allowed.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ExperimentPatternCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Ids.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Id")]
    [ValidateNotNullOrEmpty]
    [Alias("ExperimentId")]
    public string[] Id { get; set; } = [];

    /// <summary>An experiment from <c>Get-MlflowExperiment</c>, whose store is used.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNull]
    public Experiment InputObject { get; set; } = null!;

    /// <summary>Whether the cmdlet works on experiments in the trash.</summary>
    private protected virtual bool InTrash => false;

    /// <inheritdoc/>
    protected override void Process()
    {
        MlflowConnection connection = ResolveConnection(ParameterSetName == "InputObject" ? InputObject.TrackingUri : null);
        WarnIfMissing(connection.Store);
        string[] keys = ParameterSetName switch { "Name" => Name, "Id" => Id, _ => [InputObject.ExperimentId] };
        foreach (string key in keys)
        {
            try
            {
                foreach (Experiment experiment in ParameterSetName == "Name" ? FindNamed(connection.Store, key) : [Check(Await(token => connection.Store.GetExperimentAsync(key, token)))])
                    Apply(connection, experiment);
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                WriteError(e.ToErrorRecord(key));
            }
        }
    }

    /// <summary>Changes one experiment, if the user confirms it.</summary>
    private protected abstract void Apply(MlflowConnection connection, Experiment experiment);

    /// <summary>Describes an experiment in a confirmation prompt.</summary>
    private protected static string Describe(MlflowConnection connection, Experiment experiment) => $"experiment '{experiment.Name}' ({experiment.ExperimentId}) at {connection.TrackingUri}";

    private IReadOnlyList<Experiment> FindNamed(ITrackingStore store, string name) =>
        Await(token => store.FindExperimentsAsync(new NamePattern(name), InTrash ? ViewType.DeletedOnly : ViewType.ActiveOnly, token));

    private Experiment Check(Experiment experiment) => InTrash ? LifecycleChecks.ThrowIfActive(experiment) : LifecycleChecks.ThrowIfDeleted(experiment);
}
