using System.Diagnostics;
using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Copying;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Shows the progress of a file transfer or a copy of runs, at most a few times per second.</summary>
/// <param name="activity">The activity in progress.</param>
/// <param name="show">Shows a record; called from several threads.</param>
internal sealed class TransferDisplay(string activity, Action<ProgressRecord> show)
{
    private const long BetweenProgress = 200;

    private readonly string _activity = SafeText.Of(activity);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _nextProgress;

    /// <summary>Ends the display.</summary>
    public ProgressRecord Done => new(0, _activity, "Done") { RecordType = ProgressRecordType.Completed, PercentComplete = 100 };

    /// <summary>Reports the progress of a transfer. Can be called on any thread.</summary>
    public void Report(TransferProgress progress)
    {
        // Files count in addition to bytes. Otherwise a folder of empty files would stay at 0 %.
        if (IsDue())
        {
            Show(
                (progress.BytesSent + (double)progress.FilesSent) / Math.Max(1, progress.BytesTotal + (double)progress.FilesTotal),
                $"{progress.FilesSent} of {progress.FilesTotal} files, "
                    + $"{ByteSize.Format(progress.BytesSent)} of {ByteSize.Format(progress.BytesTotal)}");
        }
    }

    /// <summary>Reports the progress of a copy. Can be called on any thread.</summary>
    public void Report(CopyProgress progress)
    {
        if (IsDue())
        {
            Show(
                progress.Runs / (double)Math.Max(1, progress.RunsTotal),
                $"{progress.Runs} of {ReadableCount.Format(progress.RunsTotal, "run")}, {progress.Points} points, "
                    + ByteSize.Format(progress.Bytes));
        }
    }

    private bool IsDue()
    {
        long now = _clock.ElapsedMilliseconds, due = Volatile.Read(ref _nextProgress);
        return now >= due && Interlocked.CompareExchange(ref _nextProgress, now + BetweenProgress, due) == due;
    }

    private void Show(double share, string status) => show(new ProgressRecord(0, _activity, status)
    {
        PercentComplete = (int)Math.Max(0, Math.Min(100, 100 * share)),
        SecondsRemaining = share > 0.01 ? (int)(_clock.Elapsed.TotalSeconds * (1 - share) / share) : -1,
    });
}
