using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Creates an experiment.</summary>
[Cmdlet(VerbsCommon.New, "MlflowExperiment", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Experiment")]
public sealed class NewMlflowExperimentCommand : TrackingCommand
{
    /// <summary>The names of the experiments; on Databricks, workspace paths.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>The location for the artifacts of its runs; without it, the store chooses.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ArtifactLocation { get; set; }

    /// <summary>Tags of the experiment.</summary>
    [Parameter]
    public IDictionary? Tag { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        MlflowConnection connection = ResolveConnection();
        string? location = ArtifactLocation is null ? null : StorePath.Of(SessionState, ArtifactLocation);
        foreach (string name in Name)
        {
            if (!ConfirmExperiment(connection, name))
                continue;
            var experiment = new NewExperiment(name, location) { Tags = ToTags(Tag) };
            WriteObject(Await(async token =>
            {
                string id = await connection.Store.CreateExperimentAsync(experiment, token).ConfigureAwait(false);
                return await connection.Store.GetExperimentAsync(id, token).ConfigureAwait(false);
            }));
        }
    }
}
