using System.Diagnostics;
using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that moves files to or from a run: several at once, with progress.</summary>
public abstract class TransferCommand : RunCommand
{
    private static readonly TimeSpan BetweenProgress = TimeSpan.FromMilliseconds(200);

    /// <summary>How many files are under way at once.</summary>
    [Parameter]
    [ValidateRange(1, 32)]
    public int ThrottleLimit { get; set; } = ArtifactTransfer.DefaultParallelism;

    /// <summary>Opens the run's artifacts and waits for the transfer, showing how far it is.</summary>
    internal void Transfer(RunReference run, string activity, Func<IArtifactStore, Action<TransferProgress>, CancellationToken, Task> transfer)
    {
        activity = SafeText.Of(activity);
        var clock = Stopwatch.StartNew();
        long nextProgress = 0;
        Await(async token =>
        {
            using IArtifactStore store = await run.OpenArtifactsAsync(token).ConfigureAwait(false);
            await transfer(store, Report, token).ConfigureAwait(false);
        });
        Show(new ProgressRecord(0, activity, "Done") { RecordType = ProgressRecordType.Completed, PercentComplete = 100 });

        void Report(TransferProgress progress)
        {
            long now = clock.ElapsedMilliseconds, due = Volatile.Read(ref nextProgress);
            if (now >= due && Interlocked.CompareExchange(ref nextProgress, now + (long)BetweenProgress.TotalMilliseconds, due) == due)
                Post(() => Show(ToRecord(activity, progress, clock.Elapsed)));
        }
    }

    private void Show(ProgressRecord record)
    {
        WriteProgress(record);
        if (Pipeline is not null)
            Tell(Pipeline.Progress(record.PercentComplete, record.Activity));
    }

    /// <summary>Writes the error of one file; a path that may not be stays that, and anything else is of kind <paramref name="otherwise"/>.</summary>
    private protected void WriteFailure(Exception cause, ErrorKind otherwise, string message, string target)
    {
        ErrorKind kind = (cause as MlflowException)?.Kind == ErrorKind.ArtifactPathInvalid ? ErrorKind.ArtifactPathInvalid : otherwise;
        WriteError(new MlflowException(kind, message, cause) { Target = target }.ToErrorRecord(target));
    }

    private static ProgressRecord ToRecord(string activity, TransferProgress progress, TimeSpan elapsed)
    {
        // Empty files count too, or a folder of markers would stand at 0 %.
        double share = (progress.BytesSent + (double)progress.FilesSent) / Math.Max(1, progress.BytesTotal + (double)progress.FilesTotal);
        return new ProgressRecord(0, activity, $"{progress.FilesSent} of {progress.FilesTotal} files, {ByteSize.Format(progress.BytesSent)} of {ByteSize.Format(progress.BytesTotal)}")
        {
            PercentComplete = (int)Math.Max(0, Math.Min(100, 100 * share)),
            SecondsRemaining = share > 0.01 ? (int)(elapsed.TotalSeconds * (1 - share) / share) : -1,
        };
    }
}
