using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Renames an experiment, or sets tags of experiments.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowExperiment", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Experiment")]
public sealed class SetMlflowExperimentCommand : ExperimentCommand
{
    private string? _renamed;

    /// <summary>The new name, for one experiment only.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewName { get; set; }

    /// <summary>Tags to set; other tags are kept.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Tag { get; set; }

    /// <summary>Returns the changed experiments.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (NewName is null && Tag is null)
            throw new MlflowException(ErrorKind.InvalidValue, "There is nothing to set. Specify -NewName, -Tag or both.");
    }

    private protected override void Apply(MlflowConnection connection, Experiment experiment)
    {
        string target = Describe(connection, experiment);
        if (NewName is { } name && ShouldProcess(target, $"Rename to '{name}'"))
        {
            if (_renamed is not null && _renamed != experiment.ExperimentId)
                throw new MlflowException(ErrorKind.InvalidValue, $"-NewName '{name}' can rename only one experiment, so '{experiment.Name}' was not renamed. Rename the experiments one at a time.") { Target = experiment.Name };
            _renamed = experiment.ExperimentId;
            Await(token => connection.Store.RenameExperimentAsync(experiment.ExperimentId, name, token));
        }

        foreach (Tag tag in ToTags(Tag))
        {
            if (ShouldProcess(target, $"Set the tag '{tag.Key}' to '{tag.Value}'"))
                Await(token => connection.Store.SetExperimentTagAsync(experiment.ExperimentId, tag, token));
        }

        if (PassThru)
            WriteObject(Await(token => connection.Store.GetExperimentAsync(experiment.ExperimentId, token)));
    }
}
