using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Receives a model with all its files into its own folder below the destination, and reads its <c>MLmodel</c> file.
/// </summary>
[Cmdlet(VerbsCommunications.Receive, "MlflowModel", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Registry.MlflowModel")]
public sealed class ReceiveMlflowModelCommand : RegistryCommand
{
    /// <summary>Model URIs: <c>models:/income/1</c>, <c>models:/income@champion</c>, <c>models:/m-…</c> or <c>runs:/…/model</c>.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelUriCompleter))]
    public string[] ModelUri { get; set; } = [];

    /// <summary>The folder to receive into; without it, the current folder.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = ".";

    /// <summary>Replaces existing files that have different content.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The maximum number of concurrent transfers. The actual number adapts to throughput and to 429/503 responses.</summary>
    [Parameter]
    [ValidateRange(1, ArtifactTransfer.MaximumParallelism)]
    public int ThrottleLimit { get; set; } = ArtifactTransfer.DefaultParallelism;

    /// <inheritdoc/>
    protected override void Process()
    {
        string folder = GetUnresolvedProviderPathFromPSPath(Destination);
        ForEach(ModelUri, uri => Receive(Registry.ModelUri.Parse(uri), folder));
    }

    private void Receive(ModelUri uri, string folder)
    {
        ModelRegistry registry = ResolveRegistry(uri);
        ModelLocation location = Await(token => new ModelFinder(registry).LocateAsync(uri, token));
        if (!ShouldProcess(location.ModelUri, $"Receive from {location.ArtifactUri} into '{System.IO.Path.Combine(folder, ModelReceiver.FolderIn(location))}'"))
            return;
        var display = new TransferDisplay($"Receiving {location.ModelUri}", record => Post(() => ShowProgress(record)));
        try
        {
            MlflowModel model = Await(async token =>
            {
                using IArtifactStore artifacts = location.OpenArtifacts(registry.Store, notice => Post(() => WriteVerbose(notice.Cause)), text => Post(() => WriteWarning(text)));
                return await new ModelReceiver(location, artifacts, ThrottleLimit, Force).ReceiveAsync(folder, display.Report, token).ConfigureAwait(false);
            });
            ShowProgress(display.Done);
            foreach (string warning in model.Warnings)
                WriteWarning(warning);
            WriteObject(model);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.ArtifactReceiveFailed, $"Cannot write to {folder}: {e.Message}", e) { Target = folder };
        }
    }
}
