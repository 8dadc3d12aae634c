using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Sends the outputs of a workflow that its flags allow; or rows of <c>Get-AnovosOutput</c>, or files with their kind. Returns a
/// row for each file, and for each output that was not sent, with the reason. Spark's hidden checksum files are left out by
/// default; <c>_SUCCESS</c> is sent.
/// </summary>
[Cmdlet(VerbsCommunications.Send, "AnovosArtifact", DefaultParameterSetName = "Workflow", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Artifacts.ArtifactResult")]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class SendAnovosArtifactCommand : SendCommand
{
    private readonly List<ScannedOutput> _outputs = [];
    private RunReference? _run;

    /// <summary>The workflow; without it, the workflow that the run was started for.</summary>
    [Parameter(ParameterSetName = "Workflow", ValueFromPipeline = true)]
    [Parameter(ParameterSetName = "Output")]
    [Parameter(ParameterSetName = "File")]
    [ValidateNotNull]
    public AnovosConfig? Config { get; set; }

    /// <summary>Rows of <c>Get-AnovosOutput</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Output", ValueFromPipeline = true)]
    [ValidateNotNull]
    public ScannedOutput Output { get; set; } = null!;

    /// <summary>Files, as literal paths.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "File", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The kind of the files; the flag for that kind decides whether they are sent.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "File")]
    [ValidateSet("Output", "Report", "Statistic", "Intermediate")]
    public string Kind { get; set; } = "";

    /// <summary>The folder below the run's artifact root that files are sent to.</summary>
    [Parameter(ParameterSetName = "File")]
    [AllowEmptyString]
    public string ArtifactPath { get; set; } = "";

    /// <summary>The workflow's working directory; without it, the current folder.</summary>
    [Parameter(ParameterSetName = "Workflow")]
    [ValidateNotNullOrEmpty]
    public string? BasePath { get; set; }

    /// <summary>Sends Spark's hidden checksum files (<c>.part-….crc</c>) too.</summary>
    [Parameter(ParameterSetName = "Workflow")]
    public SwitchParameter IncludeChecksum { get; set; }

    /// <summary>Sends only files that match one of these patterns, such as <c>data_transformer/*</c> or <c>**/*.html</c>.</summary>
    [Parameter]
    public string[] Include { get; set; } = [];

    /// <summary>Leaves out files that match one of these patterns.</summary>
    [Parameter]
    public string[] Exclude { get; set; } = [];

    /// <summary>Leaves out files larger than this many bytes, for example <c>10MB</c>.</summary>
    [Parameter]
    [ValidateRange(0L, long.MaxValue)]
    public long? MaximumLength { get; set; }

    /// <summary>Ignores the flags.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Records the locations, lengths and checksums of the files instead of sending them.</summary>
    [Parameter]
    public SwitchParameter ByReference { get; set; }

    /// <summary>Returns the run instead of a row for each file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ByReference && Compress)
            throw new MlflowException(ErrorKind.InvalidValue, "-ByReference sends no files to compress. Use it without -Compress.");
        RunReference run = ResolveRun();
        if (_run is not null && _run.RunId != run.RunId)
            SendGathered();
        _run = run;
        switch (ParameterSetName)
        {
            case "Output":
                _outputs.Add(Output);
                break;
            case "File":
                _outputs.Add(ToOutput(WorkflowOf(run)));
                break;
            default:
                AnovosPlan plan = AnovosPlan.Of(WorkflowOf(run), BasePath is null ? CurrentDirectory : GetUnresolvedProviderPathFromPSPath(BasePath), run.RunId);
                bool checksums = IncludeChecksum, all = Force;
                using (var sources = new BucketSources(run.OpenBuckets()))
                    _outputs.AddRange(Await(async token => await new RemoteScan(sources, checksums).FillAsync(OutputScan.Of(plan, checksums, token), all, token).ConfigureAwait(false)));
                SendGathered(Since(run));
                break;
        }
    }

    // A workflow that this module ran wrote its outputs during its run. But a run can also be started for existing outputs.
    private DateTime? Since(RunReference run)
    {
        Run started = Session.Find(run.RunId)?.Run ?? Await(token => run.Store.GetRunAsync(run.RunId, token));
        DateTime since = started.StartTime.UtcDateTime;
        return started.Tags.ContainsKey(WorkflowRunner.ExitCodeTag) || OutputSelection.AnyWrittenSince(since, _outputs) ? since : null;
    }

    /// <inheritdoc/>
    protected override void End() => SendGathered();

    private AnovosConfig WorkflowOf(RunReference run) => Config ?? run.Config
        ?? throw new MlflowException(ErrorKind.InvalidValue, $"Run {run.RunId} was not started for a workflow in this session, so its tracking flags are not known. Specify the workflow with -Config, or send files with Send-MlflowArtifact.") { Target = run.RunId };

    private ScannedOutput ToOutput(AnovosConfig config)
    {
        string folder = Artifacts.ArtifactPath.Normalize(ArtifactPath);
        bool tracked = false;
        string reason = "the workflow has no mlflow block";
        if (config.Tracking is { } tracking && Enum.TryParse(Kind, out OutputKind kind))
            tracked = tracking.Tracks(kind, folder, out reason);
        return ScannedOutput.OfFiles(
            Kind, folder, tracked, reason, FileArguments.Resolve(this, LiteralPath, literal: true, "ArtifactNotFound").Where(File.Exists));
    }

    private void SendGathered(DateTime? since = null)
    {
        if (_run is null)
            return;
        var selection = new OutputSelection(Include, Exclude, Force) { MaximumLength = MaximumLength };
        if (since is { } started)
            selection = selection.WrittenSince(started);
        using var sources = new BucketSources(_run.OpenBuckets());
        OutputSelection.Selected selected = selection.Of(_outputs, _run.RunId, sources.Of);
        _outputs.Clear();
        foreach (string warning in selected.Warnings)
            WriteWarning(warning);
        foreach (ArtifactResult row in selected.NotSent)
        {
            Write(row);
            if (row.Status == ArtifactStatus.Failed)
                WriteError(new MlflowException(ErrorKind.ArtifactSendFailed, $"Not sent: {row.Reason}.") { Target = row.Path }.ToErrorRecord(row.Path));
        }

        string what = $"{(ByReference ? "Record the locations of" : "Send")} {ReadableCount.Format(selected.Uploads.Count, "file")}, {ByteSize.Format(selected.Uploads.Sum(upload => upload.Length))}";
        bool isWanted = selected.Uploads.Count > 0 && ShouldProcess(_run.ToString(), what);
        if (isWanted && Compress)
            Send(_run, [.. ArtifactBundle.ByFolder(selected.Uploads)], Write);
        else if (isWanted)
            Send(_run, ByReference ? Await(token => ReferenceManifest.OfAsync(selected.Uploads, token)) : selected.Uploads, Write);
        if (PassThru)
            WriteObject(Await(token => _run.Lifecycle.ReadAsync(_run.RunId, token)));
        _run = null;
    }

    private void Write(ArtifactResult row)
    {
        if (!PassThru)
            WriteObject(row);
    }
}
