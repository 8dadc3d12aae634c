using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>What a workflow used of the machine, by its system metrics.</summary>
/// <param name="CpuSeconds">CPU time; null where it is not known.</param>
/// <param name="MemoryPeakMegabytes">The most memory that its processes had at a time; null where it is not known.</param>
/// <param name="Missing">What the metrics leave out, as sentences; null for nothing.</param>
public sealed record WorkflowCost(double? CpuSeconds, double? MemoryPeakMegabytes, string? Missing)
{
    internal const string CpuMetric = "workflow/cpu_seconds";
    internal const string MemoryMetric = "workflow/memory_peak_megabytes";

    /// <summary>The cost that a run in a store has.</summary>
    public static WorkflowCost Of(Run run)
    {
        run.Tags.TryGetValue(SystemMetricOptions.MissingTag, out string? missing);
        return new WorkflowCost(Value(CpuMetric), Value(MemoryMetric), missing);

        // Between the prefix and the name may be that of a machine.
        double? Value(string name) => run.Metrics.Where(metric => SystemMetrics.Is(metric.Key))
            .Where(metric => metric.Key.EndsWith("/" + name, StringComparison.Ordinal))
            .Select(metric => (double?)metric.Value).FirstOrDefault();
    }

    /// <summary>The cost as sentences; null where nothing is known of it.</summary>
    internal string? ToText()
    {
        string? used = CpuSeconds is { } seconds && MemoryPeakMegabytes is { } megabytes
            ? FormattableString.Invariant($"It used {seconds:0.0} s of CPU time and at most {megabytes:0} MB of memory.")
            : null;
        return used is null || Missing is null ? used ?? Missing : $"{used} {Missing}";
    }
}
