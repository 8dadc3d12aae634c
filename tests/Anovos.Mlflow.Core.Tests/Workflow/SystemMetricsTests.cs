using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>Samples become metrics with MLflow's names, units and rounding, next to the workflow's own metrics.</summary>
public sealed class SystemMetricsTests
{
    private const double Second = 1;

    private MachineUsage _machine = new(
        new CpuTime(100, 200),
        new MemoryUse(3_000_000_000, 8_000_000_000),
        new DiskUse(60_000_000, 30_000_000),
        new NetworkUse(5_000_000, 7_000_000));
    private TreeUsage? _tree;

    [Fact]
    public void Metrics_have_the_names_and_units_of_MLflow()
    {
        SystemMetrics metrics = Started();
        _machine = _machine with
        {
            Cpu = new CpuTime(101.5, 204),
            Memory = new MemoryUse(2_500_000_000, 8_000_000_000),
            Network = new NetworkUse(5_250_000, 7_000_001),
        };
        metrics.Sample();
        Assert.Equal(
            new Dictionary<string, double>
            {
                ["system/cpu_utilization_percentage"] = 37.5,
                ["system/system_memory_usage_megabytes"] = 2500,
                ["system/system_memory_usage_percentage"] = 31.2,
                ["system/disk_usage_percentage"] = 66.7,
                ["system/disk_usage_megabytes"] = 60,
                ["system/disk_available_megabytes"] = 30,
                ["system/network_receive_megabytes"] = 0.25,
                ["system/network_transmit_megabytes"] = 0.000001,
            },
            Values(metrics.TakePoints(1000)));
    }

    [Fact]
    public void A_point_is_the_average_of_its_samples_and_of_counters_the_last_value()
    {
        SystemMetrics metrics = Started();
        Pass(busy: 1, of: 4, received: 1_000_000);
        metrics.Sample();
        Pass(busy: 3, of: 4, received: 1_000_000);
        metrics.Sample();
        Dictionary<string, double> point = Values(metrics.TakePoints(1000));
        Assert.Equal((50, 2), (point["system/cpu_utilization_percentage"], point["system/network_receive_megabytes"]));
    }

    [Fact]
    public void Points_are_the_steps_from_0_on_and_all_metrics_of_a_step_have_its_time()
    {
        SystemMetrics metrics = Started();
        foreach (int step in new[] { 0, 1 })
        {
            Pass(busy: 1, of: 4);
            metrics.Sample();
            IReadOnlyList<Metric> points = metrics.TakePoints(1000 + step);
            Assert.Equal(8, points.Count);
            Assert.All(points, point => Assert.Equal((step, 1000 + step), (point.Step, point.Timestamp)));
        }
    }

    [Fact]
    public void The_workflow_has_metrics_of_its_own_with_its_share_of_the_same_machine()
    {
        SystemMetrics metrics = Started();
        _tree = new TreeUsage(2 * Second, 400_000_000, 3) { ReadBytes = 1_000_000, WrittenBytes = 2_000_000 };
        Pass(busy: 3, of: 4);
        metrics.Sample();
        Assert.Equal(
            new Dictionary<string, double>
            {
                ["system/workflow/cpu_utilization_percentage"] = 50,
                ["system/workflow/cpu_seconds"] = 2,
                ["system/workflow/memory_usage_megabytes"] = 400,
                ["system/workflow/memory_usage_percentage"] = 5,
                ["system/workflow/memory_peak_megabytes"] = 400,
                ["system/workflow/processes"] = 3,
                ["system/workflow/disk_read_megabytes"] = 1,
                ["system/workflow/disk_write_megabytes"] = 2,
            },
            Values(metrics.TakePoints(1000).Where(point => point.Key.StartsWith("system/workflow/", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_peak_between_two_samples_and_the_time_of_processes_that_ended_are_kept()
    {
        SystemMetrics metrics = Started();
        _tree = new TreeUsage(1, 900_000_000, 3);
        metrics.ReadWorkflow();
        _tree = new TreeUsage(1.236, 100_000_000, 1);
        metrics.ReadWorkflow();
        _tree = null;
        Pass(busy: 1, of: 4);
        metrics.Sample();
        Dictionary<string, double> last = Values(metrics.TakePoints(1000));
        Assert.Equal((900, 1.24), (last["system/workflow/memory_peak_megabytes"], last["system/workflow/cpu_seconds"]));
        Assert.Equal((100, 30.9), (last["system/workflow/memory_usage_megabytes"], last["system/workflow/cpu_utilization_percentage"]));

        Pass(busy: 1, of: 4);
        metrics.Sample();
        Dictionary<string, double> later = Values(metrics.TakePoints(2000));
        Assert.Equal(900, later["system/workflow/memory_peak_megabytes"]);
        Assert.DoesNotContain("system/workflow/memory_usage_megabytes", later.Keys);
    }

    [Fact]
    public void A_share_is_never_below_0_or_above_100()
    {
        SystemMetrics metrics = Started();
        _tree = new TreeUsage(50, 1, 1);
        Pass(busy: -1, of: 4);
        metrics.Sample();
        Dictionary<string, double> point = Values(metrics.TakePoints(1000));
        Assert.Equal((0, 100), (point["system/cpu_utilization_percentage"], point["system/workflow/cpu_utilization_percentage"]));
    }

    [Fact]
    public void What_a_system_does_not_give_has_no_metric()
    {
        _machine = new(null, null, null, null);
        _tree = new TreeUsage(1, 1_000_000, 1);
        SystemMetrics metrics = Started();
        Assert.Equal(["CPU", "memory", "disk", "network"], metrics.Unknown());
        metrics.Sample();
        Assert.Equal(
            ["cpu_seconds", "memory_peak_megabytes", "memory_usage_megabytes", "processes"],
            Values(metrics.TakePoints(1000)).Keys.Order(StringComparer.Ordinal).Select(key => key.Replace("system/workflow/", "")));
    }

    [Fact]
    public void The_name_of_the_machine_is_a_part_of_the_names_and_one_that_the_store_takes()
    {
        SystemMetrics metrics = Started(new SystemMetricOptions { NodeId = "node?0" });
        _tree = new TreeUsage(1, 1, 1);
        metrics.Sample();
        string[] keys = [.. metrics.TakePoints(1000).Select(point => point.Key)];
        Assert.Contains("system/node_0/system_memory_usage_megabytes", keys);
        Assert.Contains("system/node_0/workflow/cpu_seconds", keys);
    }

    private SystemMetrics Started(SystemMetricOptions? options = null)
    {
        var metrics = new SystemMetrics(options ?? new SystemMetricOptions(), StoreLimits.Mlflow, () => _machine, () => _tree);
        metrics.Start();
        return metrics;
    }

    private void Pass(double busy, double of, long received = 0)
    {
        CpuTime cpu = _machine.Cpu!.Value;
        NetworkUse network = _machine.Network!.Value;
        _machine = _machine with
        {
            Cpu = new CpuTime(cpu.Busy + busy, cpu.Total + of),
            Network = new NetworkUse(network.Received + received, network.Sent),
        };
    }

    private static Dictionary<string, double> Values(IEnumerable<Metric> points) =>
        points.ToDictionary(point => point.Key, point => point.Value);
}
