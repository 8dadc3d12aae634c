using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Forgets the connections of this session and their credentials. Active runs keep theirs.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "Mlflow")]
[OutputType(typeof(void))]
public sealed class DisconnectMlflowCommand : MlflowCommand
{
    /// <inheritdoc/>
    protected override void End()
    {
        if (Session.Connection is null)
            WriteVerbose("There is no connection to end.");
        Session.Disconnect();
    }
}
