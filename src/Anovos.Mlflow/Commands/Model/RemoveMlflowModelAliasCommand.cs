using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Removes aliases of a registered model; the versions that they point to stay.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowModelAlias", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowModelAliasCommand : ModelAliasCommand
{
    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        string name = ResolveModelName(registry, Name);
        ForEach(Alias, alias =>
        {
            if (ShouldProcess($"registered model '{name}' at {registry.TrackingUri}", $"Remove the alias '{alias}'"))
                Await(token => registry.Aliases.DeleteAsync(name, alias, token));
        });
    }
}
