using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>
/// Samples the machine and the processes of a workflow, and turns the samples into metrics. Names, units and rounding are those of
/// MLflow's own system metrics. The workflow's metrics are below <c>system/workflow</c>.
/// </summary>
/// <param name="options">The options, of which only the name of this machine is used.</param>
/// <param name="limits">The limits of the run's store.</param>
/// <param name="machine">Returns the usage of the machine.</param>
/// <param name="tree">Returns the usage by the workflow's processes, or null if there are none.</param>
internal sealed class SystemMetrics(SystemMetricOptions options, StoreLimits limits, Func<MachineUsage> machine, Func<TreeUsage?> tree)
{
    /// <summary>The first part of the names of system metrics.</summary>
    public const string Prefix = "system/";

    // The prefix of the workflow's own metrics, after the prefix above and the name of the machine.
    private const string Workflow = "workflow/";

    private const double Megabyte = 1e6;

    // A gauge is the average of its samples; a counter is its last value.
    private readonly Dictionary<string, List<double>> _gauges = [];
    private readonly Dictionary<string, double> _counters = [];
    private MachineUsage? _first;
    private CpuTime? _cpu;
    private double _workflowCpu;
    private TreeUsage? _last;
    private TreeUsage? _unsampled;
    private long _peak;
    private long _step;

    /// <summary>The cost of the workflow so far.</summary>
    public WorkflowCost Cost => new(_last?.CpuSeconds, _last is null ? null : _peak / Megabyte, Missing: null);

    /// <summary>True if a metric is a system metric.</summary>
    public static bool Is(string key) => key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Reads the initial values of the counters.</summary>
    public void Start()
    {
        _first = machine();
        _cpu = _first.Cpu;
    }

    /// <summary>The values that this system does not provide.</summary>
    public IEnumerable<string> Unknown()
    {
        if (_first?.Cpu is null)
            yield return "CPU";
        if (_first?.Memory is null)
            yield return "memory";
        if (_first?.Disk is null)
            yield return "disk";
        if (_first?.Network is null)
            yield return "network";
    }

    /// <summary>Reads the workflow's processes between two samples, to catch peaks and to lose little of a process that ends.</summary>
    public void ReadWorkflow()
    {
        if (tree() is not { } usage)
            return;
        _last = _unsampled = usage;
        _peak = Math.Max(_peak, usage.MemoryBytes);
        Count(WorkflowCost.CpuMetric, Math.Round(usage.CpuSeconds, 2));
        Count(WorkflowCost.MemoryMetric, _peak / Megabyte);
        if (usage is { ReadBytes: { } read, WrittenBytes: { } written })
        {
            Count(Workflow + "disk_read_megabytes", read / Megabyte);
            Count(Workflow + "disk_write_megabytes", written / Megabyte);
        }
    }

    /// <summary>Takes a sample.</summary>
    public void Sample()
    {
        // For a workflow that has just ended, use the values read last.
        ReadWorkflow();
        TreeUsage? workflow = _unsampled;
        _unsampled = null;
        MachineUsage now = machine();
        SampleCpu(now.Cpu, workflow);
        if (now.Memory is { } memory)
        {
            Measure("system_memory_usage_megabytes", memory.Used / Megabyte);
            Measure("system_memory_usage_percentage", Percent(memory.Used, memory.Total));
        }

        if (now.Disk is { } disk)
        {
            Measure("disk_usage_percentage", Percent(disk.Used, disk.Used + disk.Available));
            Measure("disk_usage_megabytes", disk.Used / Megabyte);
            Measure("disk_available_megabytes", disk.Available / Megabyte);
        }

        if (now.Network is { } network && _first?.Network is { } first)
        {
            Count("network_receive_megabytes", (network.Received - first.Received) / Megabyte);
            Count("network_transmit_megabytes", (network.Sent - first.Sent) / Megabyte);
        }

        if (workflow is null)
            return;
        Measure(Workflow + "processes", workflow.Processes);
        Measure(Workflow + "memory_usage_megabytes", workflow.MemoryBytes / Megabyte);
        if (now.Memory is { } all)
            Measure(Workflow + "memory_usage_percentage", Percent(workflow.MemoryBytes, all.Total));
    }

    /// <summary>Returns the metrics of the samples since the last call, as the next step.</summary>
    /// <param name="timestamp">The time, in Unix milliseconds.</param>
    public IReadOnlyList<Metric> TakePoints(long timestamp)
    {
        string prefix = Prefix + (options.NodeId is { } node ? node + "/" : "");
        Metric[] points =
        [
            .. _gauges.Select(gauge => Point(gauge.Key, Math.Round(gauge.Value.Average(), 1))),
            .. _counters.Select(counter => Point(counter.Key, counter.Value)),
        ];
        _gauges.Clear();
        _step++;
        return points;

        Metric Point(string name, double value) => new(limits.ToValidKey(prefix + name), value, timestamp, _step);
    }

    // Both are shares of the total time of all processors.
    private void SampleCpu(CpuTime? cpu, TreeUsage? workflow)
    {
        if (cpu is not { } now || _cpu is not { } before || now.Total <= before.Total)
            return;
        Measure("cpu_utilization_percentage", Percent(now.Busy - before.Busy, now.Total - before.Total));
        _cpu = now;
        if (workflow is null)
            return;
        Measure(Workflow + "cpu_utilization_percentage", Percent(workflow.CpuSeconds - _workflowCpu, now.Total - before.Total));
        _workflowCpu = workflow.CpuSeconds;
    }

    private void Measure(string name, double value)
    {
        if (!_gauges.TryGetValue(name, out List<double>? values))
            _gauges[name] = values = [];
        values.Add(value);
    }

    private void Count(string name, double value) => _counters[name] = value;

    // The system's counters are not exact and may decrease slightly.
    private static double Percent(double part, double all) => all <= 0 ? 0 : Math.Min(100, Math.Max(0, part / all * 100));
}
