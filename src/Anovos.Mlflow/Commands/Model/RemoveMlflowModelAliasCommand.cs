using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Removes aliases of a registered model; the versions that they point to stay.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowModelAlias", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowModelAliasCommand : TrackingCommand
{
    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Aliases.</summary>
    [Parameter(Position = 1, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelAliasCompleter))]
    public string[] Alias { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        ForEach(Alias, alias =>
        {
            if (ShouldProcess($"registered model '{Name}' at {registry.TrackingUri}", $"Remove the alias '{alias}'"))
                Await(token => registry.Aliases.DeleteAsync(Name, alias, token));
        });
    }
}
