using System.Diagnostics;
using System.Management.Automation;
using Anovos.Mlflow.Copying;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Shows how far a copy of runs is, a few times a second.</summary>
/// <param name="activity">What is copied to where.</param>
/// <param name="show">Shows a record; called from several threads.</param>
internal sealed class CopyDisplay(string activity, Action<ProgressRecord> show)
{
    private const long BetweenProgress = 200;

    private readonly string _activity = SafeText.Of(activity);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _nextProgress;

    /// <summary>Ends the display.</summary>
    public ProgressRecord Done => new(0, _activity, "Done") { RecordType = ProgressRecordType.Completed, PercentComplete = 100 };

    /// <summary>Takes how far the copy is; from any thread.</summary>
    public void Report(CopyProgress progress)
    {
        long now = _clock.ElapsedMilliseconds, due = Volatile.Read(ref _nextProgress);
        if (now < due || Interlocked.CompareExchange(ref _nextProgress, now + BetweenProgress, due) != due)
            return;
        double share = progress.Runs / (double)Math.Max(1, progress.RunsTotal);
        string status = $"{progress.Runs} of {ReadableCount.Format(progress.RunsTotal, "run")}, {progress.Points} points, {ByteSize.Format(progress.Bytes)}";
        show(new ProgressRecord(0, _activity, status)
        {
            PercentComplete = (int)(100 * share),
            SecondsRemaining = share > 0.01 ? (int)(_clock.Elapsed.TotalSeconds * (1 - share) / share) : -1,
        });
    }
}
