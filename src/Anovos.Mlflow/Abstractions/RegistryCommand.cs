using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that works on a model registry.</summary>
public abstract class RegistryCommand : TrackingCommand
{
    /// <summary>
    /// The registry to use: <c>databricks-uc</c> for Unity Catalog, <c>databricks</c> for the workspace's own, or the URI of a store.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RegistryUri { get; set; }

    private protected override string? NamedRegistry => RegistryUri;
}
