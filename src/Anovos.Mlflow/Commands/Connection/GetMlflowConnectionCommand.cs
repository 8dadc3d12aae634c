using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Shows the store that this session tracks to, and the source of the credentials.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowConnection")]
[OutputType(typeof(MlflowConnection))]
public sealed class GetMlflowConnectionCommand : TrackingCommand
{
    /// <inheritdoc/>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public override string? TrackingUri { get; set; }

    /// <inheritdoc/>
    protected override void End() => WriteObject(ResolveConnection());
}
