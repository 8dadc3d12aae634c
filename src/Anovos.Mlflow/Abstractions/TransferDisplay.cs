using System.Diagnostics;
using System.Management.Automation;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Shows how far a transfer is, a few times a second and not for every piece.</summary>
/// <param name="activity">What is under way.</param>
/// <param name="show">Shows a record; called from several threads.</param>
internal sealed class TransferDisplay(string activity, Action<ProgressRecord> show)
{
    private const long BetweenProgress = 200;

    private readonly string _activity = SafeText.Of(activity);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _nextProgress;

    /// <summary>Ends the display.</summary>
    public ProgressRecord Done => new(0, _activity, "Done") { RecordType = ProgressRecordType.Completed, PercentComplete = 100 };

    /// <summary>Takes how far the transfer is; from any thread.</summary>
    public void Report(TransferProgress progress)
    {
        long now = _clock.ElapsedMilliseconds, due = Volatile.Read(ref _nextProgress);
        if (now >= due && Interlocked.CompareExchange(ref _nextProgress, now + BetweenProgress, due) == due)
            show(ToRecord(_activity, progress, _clock.Elapsed));
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
