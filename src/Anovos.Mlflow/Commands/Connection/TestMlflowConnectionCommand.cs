using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Asks a tracking store whether it can be worked with, and says what to change where it cannot.</summary>
[Cmdlet(VerbsDiagnostic.Test, "MlflowConnection")]
[OutputType("Anovos.Mlflow.Stores.ConnectionReport")]
[OutputType(typeof(bool))]
public sealed class TestMlflowConnectionCommand : TrackingCommand
{
    /// <inheritdoc/>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public override string? TrackingUri { get; set; }

    /// <summary>Answers true or false only.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void End()
    {
        ConnectionReport report = Test();
        WriteObject(Quiet ? report.Usable : report);
    }

    private ConnectionReport Test()
    {
        try
        {
            using ITrackingStore store = ResolveConnection().OpenWithoutRetries();
            return Await(token => ConnectionReport.OfAsync(store, token));
        }
        catch (MlflowException e)
        {
            string uri = TrackingUri ?? RunEnvironment.ReadAsIs("MLFLOW_TRACKING_URI") ?? MlflowSession.DefaultUri;
            return ConnectionReport.Of(UriCredentials.Hide(uri), e);
        }
    }
}
