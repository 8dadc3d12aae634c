using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using Perfolizer.Horology;

// A short job, so that all benchmarks take minutes; --job medium on the command line is more exact.
Job job = Job.ShortRun.WithIterationTime(TimeInterval.FromMilliseconds(200)).AsDefault();
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
