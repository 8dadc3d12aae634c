using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Removes registered models and all their versions. The files of the versions are kept.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowRegisteredModel", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowRegisteredModelCommand : RegistryCommand
{
    /// <summary>Model names.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        ForEach(Name, given =>
        {
            string name = ResolveModelName(registry, given);
            if (ShouldProcess($"registered model '{name}' at {registry.TrackingUri}", "Remove with all its versions, aliases and tags"))
                Await(token => registry.Models.DeleteAsync(name, token));
        });
    }
}
