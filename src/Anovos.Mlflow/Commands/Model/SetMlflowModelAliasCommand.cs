using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Points an alias to a version of a registered model, whatever it pointed to before.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowModelAlias", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class SetMlflowModelAliasCommand : ModelAliasCommand
{
    /// <summary>The version number.</summary>
    [Parameter(Position = 2, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ModelVersionCompleter))]
    public long Version { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        string name = ResolveModelName(registry, Name);
        ForEach(Alias, alias =>
        {
            if (ShouldProcess($"version {Version} of '{name}' at {registry.TrackingUri}", $"Point the alias '{alias}' to this version"))
                Await(token => registry.Aliases.SetAsync(name, alias, Version, token));
        });
    }
}
