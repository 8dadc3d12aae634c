using System.Globalization;
using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>
/// A whole session against a server that fails by a seeded schedule: what is there at the end is what was sent, once.
/// <c>ANOVOS_TEST_SCHEDULES</c> says how many schedules run.
/// </summary>
public sealed class FaultScheduleTests
{
    private const int Usual = 25;
    private const int Files = 30;

    private static readonly RetryPolicy Quick = new() { MaxRetries = 10, BackoffFactor = 0.0001, Jitter = 0.001 };

    [Fact]
    public async Task What_is_on_the_server_is_what_was_sent_once_whatever_went_wrong()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("ANOVOS_TEST_SCHEDULES"), CultureInfo.InvariantCulture, out int more) ? more : Usual;
        using var folder = new TemporaryFolder();
        FileInfo[] files = [.. Enumerable.Range(0, Files).Select(i => Create(folder.Below($"{i}.bin"), i * i * 97))];
        int faults = 0;
        for (int seed = 1; seed <= count; seed++)
        {
            try
            {
                faults += await RunAsync(seed, files);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"The schedule of seed {seed} failed: {e.Message}", e);
            }
        }

        // A schedule that lets everything through would prove nothing.
        Assert.True(faults > 10 * count);
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} schedules, {faults} faults");
    }

    private static async Task<int> RunAsync(int seed, FileInfo[] files)
    {
        int runs = 0;
        var schedule = new FaultSchedule(seed);
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions
        {
            KeepsRepeatedPoints = true,
            Version = (seed % 4) switch { 1 => MlflowVersion.V3_11, 3 => MlflowVersion.V3_17, _ => MlflowVersion.V2_17 },
            PathPrefix = seed % 3 == 0 ? "/tools/mlflow" : "",
            NewRunId = () => $"{Interlocked.Increment(ref runs):D32}",
        });
        server.Faults.Add("*", "*", schedule.ApplyAsync, times: int.MaxValue);
        using var store = new RestStore(server.Uri, new ConnectionOptions { Retry = Quick });

        string experiment = await store.CreateExperimentAsync(new NewExperiment("nightly"), default);
        Run run = await store.CreateRunAsync(new NewRun(experiment, "only", "ada", 1000) { Tags = [new("made", "by a test")] }, default);
        Metric[] points = [.. Enumerable.Range(0, 230).Select(i => new Metric($"m{i % 3}", i % 17 == 0 ? double.NaN : i / 8.0, 1000 + (i / 2), i / 4)), new("m0", 1, 5), new("m0", 1, 5)];
        Param[] parameters = [.. Enumerable.Range(0, 150).Select(i => new Param($"p{i}", $"value {i}"))];
        Tag[] tags = [.. Enumerable.Range(0, 20).Select(i => new Tag($"t{i}", $"text {i}"))];
        await store.LogBatchAsync(run.RunId, new RunData { Params = [.. parameters.Take(100)], Metrics = [.. points.Take(100)] }, default);
        await store.LogBatchAsync(run.RunId, new RunData { Params = [.. parameters.Skip(100)], Metrics = [.. points.Skip(100)], Tags = tags }, default);
        await store.DeleteTagAsync(run.RunId, "t7", default);
        ArtifactUpload[] uploads = [.. files.Select(file => new ArtifactUpload(file, $"data/{file.Name}"))];
        using (IArtifactStore artifacts = ArtifactStores.Open(run, store))
            await new ArtifactTransfer(artifacts, 4).SendAsync(uploads, uploaded => Assert.Null(uploaded.Error), _ => { }, default);
        await store.UpdateRunAsync(new RunUpdate(run.RunId) { Status = RunStatus.Finished, EndTime = 2000 }, default);
        Run read = await store.GetRunAsync(run.RunId, default);

        StoredRun stored = Assert.Single(server.Runs);
        Assert.Equal("nightly", Assert.Single(server.Experiments.Skip(1)).Name);
        Assert.Equal((run.RunId, experiment, "only", "FINISHED", 2000L), (stored.RunId, stored.ExperimentId, stored.RunName, stored.Status, stored.EndTime));
        Assert.Equal(Lines(points.Select(point => new StoredMetric(point.Key, point.Value, point.Timestamp, point.Step))), Lines(stored.Metrics));
        Assert.Equal(parameters.ToDictionary(param => param.Key, param => param.Value), stored.Params);
        Assert.Equal(tags.Where(tag => tag.Key != "t7").Append(new Tag("made", "by a test")).Select(tag => (tag.Key, tag.Value)).Order(),
            stored.Tags.Where(tag => tag.Key != RestStore.IdempotencyKeyTag && !tag.Key.StartsWith("mlflow.", StringComparison.Ordinal)).Select(tag => (tag.Key, tag.Value)).Order());
        Assert.Equal(files.ToDictionary(file => $"data/{file.Name}", file => Hash(file.FullName)),
            server.ArtifactsOf(run.RunId).ToDictionary(artifact => artifact.Key, artifact => artifact.Value.Sha256));
        Assert.Equal(RunStatus.Finished, read.Status);
        return schedule.Happened;
    }

    private static IEnumerable<string> Lines(IEnumerable<StoredMetric> points) => points.Select(point => point.ToString()).Order(StringComparer.Ordinal);

    private static FileInfo Create(string path, int length)
    {
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(length));
        return new FileInfo(path);
    }

    private static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
