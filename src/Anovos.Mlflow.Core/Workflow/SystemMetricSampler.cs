using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Samples system metrics while a workflow runs, as MLflow does, and adds a last point when the workflow ends.</summary>
internal sealed class SystemMetricSampler(SystemMetrics metrics, SystemMetricOptions options)
{
    // How often the workflow's processes are read: early at first, for short workflows, and using at most 1 % of a processor's time.
    private static readonly TimeSpan FirstRead = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan BetweenReads = TimeSpan.FromSeconds(1);
    private const int RestPerRead = 100;

    private readonly ConcurrentQueue<Metric> _points = new();
    private volatile bool _isStopped;

    /// <summary>Sentences about what the metrics do not include; null if they include all. Known once sampling has started.</summary>
    public string? Missing => string.Join(" ", new[] { options.Missing, Unknown }.OfType<string>()) is { Length: > 0 } text ? text : null;

    /// <summary>The cost of the workflow so far.</summary>
    public WorkflowCost Cost => metrics.Cost with { Missing = Missing };

    /// <summary>A sentence about values that this system does not provide; null if it provides all.</summary>
    public string? Unknown { get; private set; }

    /// <summary>A sentence about why sampling stopped before the workflow ended; null if it did not.</summary>
    public string? Fault { get; private set; }

    /// <summary>Creates the sampler for a workflow; null if system metrics are off or the workflow runs on another machine.</summary>
    public static SystemMetricSampler? Of(WorkflowJob job, IWorkflowEngine engine, StoreLimits limits) =>
        job.SystemMetrics is { } options && engine is IMeasuredEngine measured
            ? new SystemMetricSampler(new SystemMetrics(options, limits, Machine.Of(job.BasePath).Read, measured.Usage), options)
            : null;

    /// <summary>Takes samples while the workflow runs, and completes when the workflow does.</summary>
    /// <param name="done">The task that completes when the workflow does.</param>
    /// <param name="cancellationToken">Stops sampling without a last point.</param>
    public async Task RunAsync(Task done, CancellationToken cancellationToken)
    {
        try
        {
            metrics.Start();
            string[] unknown = [.. metrics.Unknown(), .. ProcessTree.IsMeasured ? Array.Empty<string>() : ["processes of the workflow"]];
            if (unknown.Length > 0)
                Unknown = $"The system metrics have no values for {string.Join(", ", unknown)}: this system does not provide them.";
            await SampleUntilAsync(done, cancellationToken).ConfigureAwait(false);
            if (done.IsCompleted)
            {
                metrics.Sample();
                Publish();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Win32Exception or InvalidOperationException)
        {
            Fault = $"The system metrics stopped before the workflow ended: {e.Message}";
        }

        await done.ConfigureAwait(false);
    }

    /// <summary>Stops sampling, because the store does not accept the metrics.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>Removes and returns the points since the last call.</summary>
    public IReadOnlyList<Metric> TakePoints()
    {
        List<Metric> points = [];
        while (_points.TryDequeue(out Metric? point))
            points.Add(point);
        return points;
    }

    private async Task SampleUntilAsync(Task done, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        TimeSpan due = options.Interval, pause = FirstRead;
        int samples = 0;
        while (true)
        {
            TimeSpan left = Longer(due - clock.Elapsed, TimeSpan.Zero);
            await Task.WhenAny(done, Task.Delay(left < pause ? left : pause, cancellationToken)).ConfigureAwait(false);
            if (done.IsCompleted || _isStopped || cancellationToken.IsCancellationRequested)
                return;
            TimeSpan start = clock.Elapsed;
            if (start < due)
            {
                metrics.ReadWorkflow();
            }
            else
            {
                metrics.Sample();
                if (++samples % options.Samples == 0)
                    Publish();
                // A machine that was asleep has missed samples.
                due += options.Interval;
                due = Longer(due, start);
            }

            TimeSpan next = pause + pause;
            pause = Longer(next < BetweenReads ? next : BetweenReads, TimeSpan.FromTicks((clock.Elapsed - start).Ticks * RestPerRead));
        }
    }

    private void Publish()
    {
        foreach (Metric point in metrics.TakePoints(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()))
            _points.Enqueue(point);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
