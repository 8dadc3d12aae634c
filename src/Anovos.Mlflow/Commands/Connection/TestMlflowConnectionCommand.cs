using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Tests whether a tracking store can be used, and says what to change if it cannot.</summary>
[Cmdlet(VerbsDiagnostic.Test, "MlflowConnection")]
[OutputType("Anovos.Mlflow.Stores.ConnectionReport")]
[OutputType(typeof(bool))]
public sealed class TestMlflowConnectionCommand : TrackingCommand
{
    /// <inheritdoc/>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public override string? TrackingUri { get; set; }

    /// <summary>Returns only true or false.</summary>
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
            string uri = TrackingUri ?? RunEnvironment.ReadAsIs("MLFLOW_TRACKING_URI") ?? "";
            return ConnectionReport.Of(uri.Length == 0 ? ParseTarget(null).Uri : UriCredentials.Hide(uri), e);
        }
    }
}
