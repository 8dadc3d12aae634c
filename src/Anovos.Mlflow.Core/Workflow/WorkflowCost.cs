using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>The resources that a workflow used, from its system metrics.</summary>
/// <param name="CpuSeconds">The CPU time; null if unknown.</param>
/// <param name="MemoryPeakMegabytes">The peak of the total memory of its processes; null if unknown.</param>
/// <param name="Missing">Sentences about what the metrics do not include; null if they include everything.</param>
public sealed record WorkflowCost(double? CpuSeconds, double? MemoryPeakMegabytes, string? Missing)
{
    internal const string CpuMetric = "workflow/cpu_seconds";
    internal const string MemoryMetric = "workflow/memory_peak_megabytes";

    /// <summary>Reads the cost from a run.</summary>
    public static WorkflowCost Of(Run run)
    {
        run.Tags.TryGetValue(SystemMetricOptions.MissingTag, out string? missing);
        return new WorkflowCost(Value(CpuMetric), Value(MemoryMetric), missing);

        // The name of a machine may be between the prefix and the name.
        double? Value(string name) => run.Metrics.Where(metric => SystemMetrics.Is(metric.Key))
            .Where(metric => metric.Key.EndsWith("/" + name, StringComparison.Ordinal))
            .Select(metric => (double?)metric.Value).FirstOrDefault();
    }

    /// <summary>The cost as sentences; null if nothing is known.</summary>
    internal string? ToText()
    {
        string? used = CpuSeconds is { } seconds && MemoryPeakMegabytes is { } megabytes
            ? FormattableString.Invariant($"It used {seconds:0.0} s of CPU time and at most {megabytes:0} MB of memory.")
            : null;
        return used is null || Missing is null ? used ?? Missing : $"{used} {Missing}";
    }
}
