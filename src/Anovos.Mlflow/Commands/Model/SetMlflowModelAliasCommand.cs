using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Has an alias point to a version of a registered model, whatever it pointed to before.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowModelAlias", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class SetMlflowModelAliasCommand : ModelAliasCommand
{
    /// <summary>The number of the version.</summary>
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
            if (ShouldProcess($"version {Version} of '{name}' at {registry.TrackingUri}", $"Point the alias '{alias}' to it"))
                Await(token => registry.Aliases.SetAsync(name, alias, Version, token));
        });
    }
}
