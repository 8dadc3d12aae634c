using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Removes versions of a registered model. Their files are kept.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowModelVersion", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowModelVersionCommand : RegistryCommand
{
    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Version numbers.</summary>
    [Parameter(Position = 1, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ModelVersionCompleter))]
    public long[] Version { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        string name = ResolveModelName(registry, Name);
        ForEach(Version, version =>
        {
            if (ShouldProcess($"version {version} of '{name}' at {registry.TrackingUri}", "Remove with its aliases and tags"))
                Await(token => registry.Versions.DeleteAsync(name, version, token));
        });
    }
}
