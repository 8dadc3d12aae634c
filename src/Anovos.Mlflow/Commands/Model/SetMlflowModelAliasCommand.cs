using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Has an alias point to a version of a registered model, whatever it pointed to before.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowModelAlias", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class SetMlflowModelAliasCommand : TrackingCommand
{
    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Aliases: letters, digits, underscores and dashes; not <c>latest</c>, and not <c>v1</c> or its like.</summary>
    [Parameter(Position = 1, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelAliasCompleter))]
    public string[] Alias { get; set; } = [];

    /// <summary>The number of the version.</summary>
    [Parameter(Position = 2, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ModelVersionCompleter))]
    public long Version { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        ForEach(Alias, alias =>
        {
            if (ShouldProcess($"version {Version} of '{Name}' at {registry.TrackingUri}", $"Point the alias '{alias}' to it"))
                Await(token => registry.Aliases.SetAsync(Name, alias, Version, token));
        });
    }
}
