using System.Diagnostics;
using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that sends files to a run: several at once, with progress, a row for each.</summary>
public abstract class SendCommand : RunCommand
{
    private static readonly TimeSpan BetweenProgress = TimeSpan.FromMilliseconds(200);

    /// <summary>How many files are under way at once.</summary>
    [Parameter]
    [ValidateRange(1, 32)]
    public int ThrottleLimit { get; set; } = ArtifactTransfer.DefaultParallelism;

    /// <summary>Sends the files and hands each result to <paramref name="write"/> on the pipeline thread.</summary>
    internal void Send(RunReference run, IReadOnlyList<ArtifactUpload> uploads, Action<ArtifactResult> write)
    {
        if (uploads.Count == 0)
            return;
        var clock = Stopwatch.StartNew();
        long nextProgress = 0;
        string activity = SafeText.Of($"Sending {uploads.Count} files to run {run.RunId}");
        Await(async token =>
        {
            using IArtifactStore store = await run.OpenArtifactsAsync(token).ConfigureAwait(false);
            await new ArtifactTransfer(store, ThrottleLimit).SendAsync(uploads, uploaded => Post(() => Completed(run, uploaded, write)), Report, token).ConfigureAwait(false);
        });
        WriteProgress(new ProgressRecord(0, activity, "Done") { RecordType = ProgressRecordType.Completed });

        void Report(TransferProgress progress)
        {
            long now = clock.ElapsedMilliseconds, due = Volatile.Read(ref nextProgress);
            if (now >= due && Interlocked.CompareExchange(ref nextProgress, now + (long)BetweenProgress.TotalMilliseconds, due) == due)
                Post(() => WriteProgress(ToRecord(activity, progress, clock.Elapsed)));
        }
    }

    private static ProgressRecord ToRecord(string activity, TransferProgress progress, TimeSpan elapsed)
    {
        // Empty files count too, or a folder of markers would stand at 0 %.
        double share = (progress.BytesSent + (double)progress.FilesSent) / Math.Max(1, progress.BytesTotal + progress.FilesTotal);
        return new ProgressRecord(0, activity, $"{progress.FilesSent} of {progress.FilesTotal} files, {ByteSize.Format(progress.BytesSent)} of {ByteSize.Format(progress.BytesTotal)}")
        {
            PercentComplete = (int)Math.Min(100, 100 * share),
            SecondsRemaining = share > 0.01 ? (int)(elapsed.TotalSeconds * (1 - share) / share) : -1,
        };
    }

    private void Completed(RunReference run, ArtifactUploaded uploaded, Action<ArtifactResult> write)
    {
        ArtifactUpload upload = uploaded.Upload;
        var result = new ArtifactResult
        {
            Kind = upload.Kind,
            ArtifactPath = upload.ArtifactPath,
            Path = upload.File.FullName,
            Length = upload.Length,
            RunId = run.RunId,
            Status = uploaded.Error is null ? ArtifactStatus.Sent : ArtifactStatus.Failed,
            Reason = uploaded.Error?.Message ?? "",
        };
        write(result);
        if (uploaded.Error is null)
            return;
        string message = $"'{upload.File.FullName}' was not sent as '{upload.ArtifactPath}': {uploaded.Error.Message}";
        var failure = new MlflowException(
            (uploaded.Error as MlflowException)?.Kind == ErrorKind.ArtifactPathInvalid ? ErrorKind.ArtifactPathInvalid : ErrorKind.ArtifactSendFailed,
            message,
            uploaded.Error)
        { Target = upload.File.FullName };
        WriteError(failure.ToErrorRecord(upload.File.FullName));
    }
}
