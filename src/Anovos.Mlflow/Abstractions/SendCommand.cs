using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that sends files to a run, those that it has not: a row for each.</summary>
public abstract class SendCommand : TransferCommand
{
    /// <summary>Sends files that the run has already, too.</summary>
    [Parameter]
    public SwitchParameter Resend { get; set; }

    /// <summary>Reads every file back and compares SHA-256.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Sends the files and hands each result to <paramref name="write"/> on the pipeline thread.</summary>
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

    private void Completed(RunReference run, ArtifactUploaded uploaded, Action<ArtifactResult> write)
    {
        ArtifactUpload upload = uploaded.Upload;
        write(ArtifactResult.Of(uploaded, run.RunId));
        if (uploaded.Error is { } error)
            WriteFailure(error, ErrorKind.ArtifactSendFailed, $"'{upload.Source.Location}' was not sent as '{upload.ArtifactPath}': {error.Message}", upload.Source.Location);
    }
}
