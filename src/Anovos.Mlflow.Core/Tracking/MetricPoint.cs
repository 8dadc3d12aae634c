namespace Anovos.Mlflow.Tracking;

/// <summary>A point of a metric of a run, as <c>Write-MlflowMetric</c> takes it.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Step">The step; may be negative.</param>
/// <param name="Value">The value; NaN and the infinities are values too.</param>
/// <param name="Timestamp">When it was measured, in local time.</param>
/// <param name="RunId">The run.</param>
public sealed record MetricPoint(string Name, long Step, double Value, DateTime Timestamp, string RunId)
{
    /// <summary>The point that a store keeps for a run.</summary>
    public static MetricPoint Of(Metric metric, string runId) =>
        new(metric.Key, metric.Step, metric.Value, UnixTime.Nearest(metric.Timestamp).LocalDateTime, runId);
}
