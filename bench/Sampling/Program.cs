// Measures the cost of a sample of system metrics in this process, without and with writing it to a run, in milliseconds of CPU per round.
// sampling.py starts it.
//
// usage: Sampling URI [samples = 300] [rounds = 5]
using System.Diagnostics;
using System.Globalization;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int samples = args.Length > 1 ? int.Parse(args[1]) : 300, rounds = args.Length > 2 ? int.Parse(args[2]) : 5;
TrackingTarget target = TrackingTarget.Parse(args[0], Environment.CurrentDirectory);
ConnectionOptions options = ConnectionOptions.FromEnvironment(Environment.GetEnvironmentVariable, home: null);
using ITrackingStore store = TrackingStores.Open(target, target.Complete(options, Environment.GetEnvironmentVariable, home: null));
Run run = await store.CreateRunAsync(new NewRun("0", "sampling", "bench", 1), default);

// A workflow with two processes.
using var tree = new ProcessTree();
tree.Start(new ProcessStartInfo("/bin/sh", "-c \"sleep 3600; true\""));
try
{
    var metrics = new SystemMetrics(new SystemMetricOptions(), store.Limits, Machine.Of("/").Read, tree.Usage);
    metrics.Start();
    for (int i = 0; i < rounds; i++)
        Console.WriteLine($"{await CostAsync(SampleAsync):0.000} {await CostAsync(WriteAsync):0.000}");

    Task<IReadOnlyList<Metric>> SampleAsync()
    {
        metrics.Sample();
        return Task.FromResult(metrics.TakePoints(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));
    }

    async Task WriteAsync() => await store.WriteAsync(run.RunId, new RunData { Metrics = await SampleAsync() }, default);
}
finally
{
    await tree.EndAsync(TimeSpan.Zero);
}

async Task<double> CostAsync(Func<Task> work)
{
    using var self = Process.GetCurrentProcess();
    TimeSpan before = self.TotalProcessorTime;
    for (int i = 0; i < samples; i++)
        await work();
    self.Refresh();
    return (self.TotalProcessorTime - before).TotalMilliseconds / samples;
}
