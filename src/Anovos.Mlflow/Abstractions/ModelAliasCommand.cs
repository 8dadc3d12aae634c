using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Completion;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that works on aliases of a registered model.</summary>
public abstract class ModelAliasCommand : RegistryCommand
{
    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Aliases: letters, digits, underscores and dashes; not <c>latest</c>, and not <c>v1</c> or similar.</summary>
    [Parameter(Position = 1, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelAliasCompleter))]
    public string[] Alias { get; set; } = [];
}
