using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Removes aliases of a registered model, but not the versions that they point to.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowModelAlias", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowModelAliasCommand : ModelAliasCommand
{
    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        string name = ResolveModelName(registry, Name);
        RegisteredModel model = Await(token => registry.Models.GetAsync(name, token));
        ForEach(Alias, alias =>
        {
            if (!model.Aliases.ContainsKey(alias))
            {
                ReportMissing(model, alias);
                return;
            }

            if (ShouldProcess($"registered model '{name}' at {registry.TrackingUri}", $"Remove the alias '{alias}'"))
                Await(token => registry.Aliases.DeleteAsync(name, alias, token));
        });
    }

    // Piped models are not all expected to have the alias.
    private void ReportMissing(RegisteredModel model, string alias)
    {
        string message = $"The registered model '{model.Name}' has no alias '{alias}'. Get-MlflowRegisteredModel lists its aliases.";
        if (IsTyped(nameof(Name)))
            throw new MlflowException(ErrorKind.ModelVersionNotFound, message) { Target = alias };
        WriteWarning(message);
    }
}
