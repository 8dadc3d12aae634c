using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Lists the outputs of a workflow: path, artifact path, whether they are tracked and why, and which files exist.</summary>
[Cmdlet(VerbsCommon.Get, "AnovosOutput")]
[OutputType("Anovos.Mlflow.Outputs.ScannedOutput")]
public sealed class GetAnovosOutputCommand : MlflowCommand
{
    /// <summary>The workflow.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public AnovosConfig Config { get; set; } = null!;

    /// <summary>The id of the run. If Anovos itself tracks, it creates folders of that name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RunId { get; set; }

    /// <summary>The workflow's working directory; without it, the current folder.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BasePath { get; set; }

    /// <summary>Counts Spark's hidden checksum files (<c>.part-….crc</c>) too.</summary>
    [Parameter]
    public SwitchParameter IncludeChecksum { get; set; }

    /// <summary>Only files that match one of these patterns would be sent.</summary>
    [Parameter]
    public string[] Include { get; set; } = [];

    /// <summary>Files that match one of these patterns would not be sent.</summary>
    [Parameter]
    public string[] Exclude { get; set; } = [];

    /// <summary>Files larger than this many bytes would not be sent, for example <c>10MB</c>.</summary>
    [Parameter]
    [ValidateRange(0L, long.MaxValue)]
    public long? MaximumLength { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var selection = new OutputSelection(Include, Exclude, force: false) { MaximumLength = MaximumLength };
        string basePath = BasePath is null ? CurrentDirectory : GetUnresolvedProviderPathFromPSPath(BasePath);
        AnovosPlan plan = AnovosPlan.Of(Config, basePath, RunId);
        bool checksums = IncludeChecksum;
        using var sources = new BucketSources(new BucketAccess(store: null, onRetry: null, message => Post(() => WriteWarning(message))));
        WriteObject(
            Await(async token => await new RemoteScan(sources, checksums).FillAsync(OutputScan.Of(plan, checksums, token), all: false, token).ConfigureAwait(false)).Select(selection.Explain),
            enumerateCollection: true);
    }
}
