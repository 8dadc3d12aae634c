using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Opens the page of a run in a browser; without a browser, shows the address of the page.</summary>
[Cmdlet(VerbsCommon.Show, "MlflowRun", SupportsShouldProcess = true)]
[OutputType(typeof(Uri))]
public sealed class ShowMlflowRunCommand : RunCommand
{
    private static readonly string[] HostTag = ["PSHOST"];

    /// <summary>Returns the address of the page.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference reference = ResolveRun();
        Run run = Await(token => reference.Store.GetRunAsync(reference.RunId, token));
        run = Await(token => reference.Store.WithWorkspaceAsync(run, token));
        Uri page = run.PageIn(reference.WorkspaceUrl) is { } address ? new Uri(address) : throw NoPage(run);
        if (ShouldProcess(page.AbsoluteUri, "Open in the browser") && !Browser.TryOpen(page, Environment.GetEnvironmentVariable) && !PassThru)
            WriteInformation(new HostInformationMessage { Message = $"No browser is available. The page of the run: {page.AbsoluteUri}" }, HostTag);
        if (PassThru)
            WriteObject(page);
    }

    private static MlflowException NoPage(Run run) => new(
        ErrorKind.NotSupported,
        $"Run {run.RunId} is in {run.TrackingUri}, which has no web pages. View it with mlflow ui --backend-store-uri \"{run.TrackingUri}\""
            + (run.TrackingUri.StartsWith("file:", StringComparison.Ordinal) ? " (newer versions need MLFLOW_ALLOW_FILE_STORE=true)" : "")
            + $", at /#/experiments/{run.ExperimentId}/runs/{run.RunId}?workflowType=machine_learning. Export-MlflowReport needs no server.")
    {
        Target = run.RunId,
    };
}
