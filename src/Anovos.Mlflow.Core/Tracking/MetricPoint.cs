namespace Anovos.Mlflow.Tracking;

/// <summary>A point of a run's metric, as <c>Write-MlflowMetric</c> accepts it.</summary>
/// <param name="Name">The name of the metric.</param>
/// <param name="Step">The step; may be negative.</param>
/// <param name="Value">The value; may be NaN or infinite.</param>
/// <param name="Timestamp">The time of the measurement, in local time.</param>
/// <param name="RunId">The id of the run.</param>
public sealed record MetricPoint(string Name, long Step, double Value, DateTime Timestamp, string RunId)
{
    /// <summary>Converts a point that a store keeps for a run.</summary>
    public static MetricPoint Of(Metric metric, string runId) =>
        new(metric.Key, metric.Step, metric.Value, UnixTime.Nearest(metric.Timestamp).LocalDateTime, runId);
}
