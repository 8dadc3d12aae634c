using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Reports;

/// <summary>Runs in a directory store, and reports on them.</summary>
internal sealed class ReportFixture : IDisposable
{
    public ReportFixture() => Store = new DirectoryStore(Path.Combine(Folder, "store"));

    public string Folder { get; } = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    public DirectoryStore Store { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Makes a run; those made later started later.</summary>
    public async Task<Run> AddRunAsync(string name, RunData data, RunStatus status = RunStatus.Finished, params (string Path, string Content)[] files)
    {
        Experiment experiment = await Store.FindExperimentAsync("Income", Cancellation) ?? await Store.GetExperimentAsync(await Store.CreateExperimentAsync(new NewExperiment("Income"), Cancellation), Cancellation);
        long start = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Run run = await Store.CreateRunAsync(new NewRun(experiment.ExperimentId, name, "ada", start), Cancellation);
        await Store.WriteAsync(run.RunId, data, Cancellation);
        await Store.UpdateRunAsync(new RunUpdate(run.RunId, status, start + 61_500), Cancellation);
        run = (await Store.GetRunAsync(run.RunId, Cancellation)).In(experiment);
        using IArtifactStore artifacts = ArtifactStores.Open(run, Store);
        foreach ((string path, string content) in files)
        {
            string file = Path.Combine(Folder, "file");
            await File.WriteAllTextAsync(file, content, Cancellation);
            await artifacts.SendAsync(new FileInfo(file), path, _ => { }, Cancellation);
        }

        // The next one starts later.
        await Task.Delay(2, Cancellation);
        return run;
    }

    public ReportSource Source(Run run) => new(run, Store, _ => Task.FromResult(ArtifactStores.Open(run, Store)));

    public Task<RunReport> ReadAsync(ReportOptions? options, params Run[] runs) =>
        RunReport.ReadAsync([.. runs.Select(Source)], options ?? new ReportOptions(), (_, _) => { }, Cancellation);

    /// <summary>Writes a report on the runs and answers where it is.</summary>
    public async Task<string> SaveAsync(params Run[] runs)
    {
        string path = Path.Combine(Folder, "report.html");
        (await ReadAsync(null, runs)).Save(path);
        return path;
    }

    /// <summary>The report as text.</summary>
    public static string ToText(RunReport report)
    {
        var text = new StringWriter(new StringBuilder());
        report.Write(text);
        return text.ToString();
    }

    public static Metric[] Line(string key, int points, Func<int, double> value) => [.. Enumerable.Range(0, points).Select(step => new Metric(key, value(step), 1_700_000_000_000 + (1000 * step), step))];

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
