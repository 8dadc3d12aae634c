using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that sends files to a run and returns a row for each. Files that the run already has are skipped.</summary>
public abstract class SendCommand : TransferCommand
{
    /// <summary>Stores each folder as one zip, in which all files keep their names.</summary>
    [Parameter]
    public SwitchParameter Compress { get; set; }

    /// <summary>Also sends files that the run already has.</summary>
    [Parameter]
    public SwitchParameter Resend { get; set; }

    /// <summary>Reads every file back and compares SHA-256.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Sends the files and passes each result to <paramref name="write"/> on the pipeline thread.</summary>
    internal void Send(RunReference run, IReadOnlyList<ArtifactUpload> uploads, Action<ArtifactResult> write)
    {
        if (uploads.Count == 0)
            return;
        var policy = new SendPolicy(new SentJournal(run.RunId), Resend, Verify);
        Transfer(
            run,
            $"Sending {ReadableCount.Format(uploads.Count, "file")} to run {run.RunId}",
            (store, report, token) => new ArtifactTransfer(store, ThrottleLimit, policy).SendAsync(uploads, uploaded => Post(() => Completed(run, uploaded, write)), report, token));
    }

    /// <summary>Sends each bundle as one zip.</summary>
    internal void Send(RunReference run, IReadOnlyList<ArtifactBundle> bundles, Action<ArtifactResult> write)
    {
        if (bundles.Count == 0)
            return;
        using var folder = new ZipFolder();
        IReadOnlyList<ArtifactUpload> zips = Await(token => folder.WriteAllAsync(
            bundles,
            bundle => Post(() => WriteProgress(new ProgressRecord(
                0, SafeText.Of($"Compressing '{bundle.Origin}'"), ReadableCount.Format(bundle.Files.Count, "file")))),
            failed => Post(() => Completed(run, failed, write)),
            token));
        WriteProgress(new ProgressRecord(0, "Compressing", "Done") { RecordType = ProgressRecordType.Completed });
        Send(run, zips, write);
    }

    private void Completed(RunReference run, ArtifactUploaded uploaded, Action<ArtifactResult> write)
    {
        ArtifactResult row = ArtifactResult.Of(uploaded, run.RunId);
        write(row);
        if (uploaded.Error is { } error)
        {
            string message = $"'{row.Path}' was not sent as '{row.ArtifactPath}': {error.Message}";
            WriteFailure(error, ErrorKind.ArtifactSendFailed, message, row.Path);
        }
    }
}
