using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>What holds for stores that MLflow wrote and others changed. <c>ANOVOS_TEST_FUZZ_SEED</c> is the first seed.</summary>
[Collection("the current folder")]
public sealed class ForeignStoreProperties(ITestOutputHelper output)
{
    private const int Stores = 40;

    private static int FirstSeed =>
        int.TryParse(Environment.GetEnvironmentVariable("ANOVOS_TEST_FUZZ_SEED"), out int seed) ? seed : 1;

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task No_run_vanishes_no_point_is_lost_and_nothing_outside_changes(string version)
    {
        for (int seed = FirstSeed; seed < FirstSeed + Stores; seed++)
        {
            using var folder = new TemporaryFolder();
            string root = SharedMaterial.Copy(folder, "mlflow", "mlruns", version);
            Dictionary<string, Run> before;
            using (var whole = new DirectoryStore(root))
                before = (await RunsAsync(whole)).ToDictionary(run => run.RunId);
            StoreMutation mutation = Mutate(root, seed);
            try
            {
                await CheckAsync(root, before);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {string.Join("; ", mutation.Done)}", e);
            }
        }
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task What_MLflow_s_own_client_reads_is_read_as_it_reads_it(string version)
    {
        string? python = OnPath($"mlflow-{version}-python");
        Assert.SkipWhen(python is null, $"there is no mlflow-{version}-python on the PATH");
        using var folder = new TemporaryFolder();
        List<string> roots = [];
        for (int seed = FirstSeed; seed < FirstSeed + Stores; seed++)
        {
            using var copied = new TemporaryFolder();
            string root = folder.Below($"{seed}");
            Directory.Move(SharedMaterial.Copy(copied, "mlflow", "mlruns", version), root);
            Mutate(root, seed);
            roots.Add(root);
        }

        string[] lines = Read(python!, roots);
        Assert.Equal(roots.Count, lines.Length);
        int same = 0, unread = 0;
        for (int i = 0; i < roots.Count; i++)
        {
            using var store = new DirectoryStore(roots[i]);
            using JsonDocument read = JsonDocument.Parse(lines[i]);
            foreach (JsonProperty theirs in read.RootElement.GetProperty("experiments").EnumerateObject())
                Assert.Equal(theirs.Value.GetString(), (await store.GetExperimentAsync(theirs.Name, default)).Name);
            foreach (JsonProperty theirs in read.RootElement.GetProperty("runs").EnumerateObject())
            {
                if (theirs.Value.TryGetProperty("failure", out _))
                {
                    unread++;
                    continue;
                }

                Assert.Equal(Normal(theirs.Value), await OursAsync(store, theirs.Name));
                same++;
            }
        }

        output.WriteLine($"{roots.Count} stores: {same} runs are read alike; MLflow {version} cannot read {unread} more.");
        Assert.True(same > Stores);
    }

    private static StoreMutation Mutate(string root, int seed)
    {
        // The folders without a file, which the shared copy does not have, and which MLflow 3 asks for.
        foreach (string run in Directory.EnumerateFiles(root, "meta.yaml", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!))
        {
            if (Directory.Exists(Path.Combine(run, "tags")) && Path.GetFileName(run).Length == 32)
                Array.ForEach(["metrics", "params", "artifacts"], part => Directory.CreateDirectory(Path.Combine(run, part)));
        }

        var mutation = new StoreMutation(root, new Random(seed));
        for (int i = 0; i <= seed % 3; i++)
            mutation.Apply();
        return mutation;
    }

    private static async Task CheckAsync(string root, Dictionary<string, Run> before)
    {
        string[] outside = Directory.GetFileSystemEntries(Directory.GetCurrentDirectory());
        var warnings = new ConcurrentBag<string>();
        using var store = new DirectoryStore(root, warnings.Add);
        List<Run> runs = await RunsAsync(store);
        Assert.Equal(before.Keys.Order(), runs.Select(run => run.RunId).Order());
        foreach (Run run in runs)
        {
            Assert.Equal(before[run.RunId].Params, run.Params);
            Assert.Equal(before[run.RunId].Tags, run.Tags);
            Assert.Equal(before[run.RunId].Metrics.Keys.Order(), run.Metrics.Keys.Order());
        }

        // No second experiment of a name.
        string[] folders = Directory.GetDirectories(root);
        MlflowException taken = await Assert.ThrowsAsync<MlflowException>(() => store.CreateExperimentAsync(new("Anovos"), default));
        if (taken.Kind != ErrorKind.ExperimentExists)
        {
            Assert.Equal(ErrorKind.StoreInvalid, taken.Kind);
            Assert.Contains("meta.yaml", taken.Message, StringComparison.Ordinal);
            Assert.NotEmpty(warnings);
        }

        Assert.Equal(folders, Directory.GetDirectories(root));
        foreach (Run run in runs.Where(run => run.LifecycleStage == LifecycleStage.Active))
            await ChangeAsync(store, run);
        Assert.Equal(outside, Directory.GetFileSystemEntries(Directory.GetCurrentDirectory()));
        await Assert.ThrowsAsync<MlflowException>(() => store.CreateExperimentAsync(new("Anovos"), default));
    }

    private static async Task ChangeAsync(DirectoryStore store, Run run)
    {
        foreach (string key in run.Metrics.Keys)
        {
            IReadOnlyList<Metric> points = (await store.GetMetricHistoryAsync(run.RunId, key, null, default)).Items;
            var added = new Metric(key, 5, 2_000_000_000_000, 1000);
            await store.LogBatchAsync(run.RunId, new() { Metrics = [added] }, default);
            Assert.Equal([.. points, added], (await store.GetMetricHistoryAsync(run.RunId, key, null, default)).Items);
        }

        try
        {
            using IArtifactStore artifacts = ArtifactStores.Open(run, store);
            Assert.StartsWith(WindowsName.IsWindows && run.ArtifactUri == "/C:/x" ? "/C:" : "file:///", run.ArtifactUri, StringComparison.Ordinal);
        }
        catch (MlflowException e)
        {
            Assert.Contains("artifact_uri", e.Message, StringComparison.Ordinal);
        }

        await store.MoveRunAsync(run.RunId, LifecycleStage.Deleted, default);
        Assert.Equal(LifecycleStage.Deleted, (await store.GetRunAsync(run.RunId, default)).LifecycleStage);
        await store.MoveRunAsync(run.RunId, LifecycleStage.Active, default);
        Run after = await store.GetRunAsync(run.RunId, default);
        Assert.Equal((run.RunName, run.Status, run.StartTime, run.ArtifactUri), (after.RunName, after.Status, after.StartTime, after.ArtifactUri));
    }

    private static async Task<List<Run>> RunsAsync(DirectoryStore store)
    {
        IReadOnlyList<Experiment> all = (await store.SearchExperimentsAsync(new(ViewType.All), null, default)).Items;
        var search = new RunSearch([.. all.Select(experiment => experiment.ExperimentId)]) { ViewType = ViewType.All };
        return [.. (await store.SearchRunsAsync(search, null, default)).Items];
    }

    private static string? OnPath(string command) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, command)).FirstOrDefault(File.Exists);

    private static string[] Read(string python, List<string> roots)
    {
        var start = new ProcessStartInfo(python) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(SharedMaterial.Repository()!, "tests", "readback", "read_store.py"));
        roots.ForEach(start.ArgumentList.Add);
        start.Environment["MLFLOW_ALLOW_FILE_STORE"] = "true";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    // 1000.0 is 1000.
    private static string Normal(JsonElement theirs)
    {
        string start = theirs.GetProperty("start").GetDouble().ToString("0", CultureInfo.InvariantCulture);
        string end = theirs.GetProperty("end") is { ValueKind: JsonValueKind.Number } time ? time.GetDouble().ToString("0", CultureInfo.InvariantCulture) : "";
        return string.Join('\n', [
            Part("experiment"), Part("name"), Part("status"), start, end, Part("stage"), Part("user"),
            Map("params", value => value.GetString()!), Map("tags", value => value.GetString()!), Map("metrics", Number),
            Map("history", points => string.Join(' ', points.EnumerateArray().Select(point => $"{point[0]}/{Number(point[1])}/{point[2]}")))]);

        string Part(string name) => theirs.GetProperty(name).ToString();
        string Map(string name, Func<JsonElement, string> text) => string.Join(
            '|', theirs.GetProperty(name).EnumerateObject().OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(entry => $"{entry.Name}={text(entry.Value)}"));
        static string Number(JsonElement value) =>
            PythonFloat.TryRead(value.ToString(), out double number) ? PythonFloat.Write(number) : value.ToString();
    }

    private static async Task<string> OursAsync(DirectoryStore store, string id)
    {
        Run run = await store.GetRunAsync(id, default);
        var history = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string key in run.Metrics.Keys)
        {
            IReadOnlyList<Metric> points = (await store.GetMetricHistoryAsync(id, key, null, default)).Items;
            history[key] = string.Join(' ', points.Select(point => $"{point.Timestamp}/{PythonFloat.Write(point.Value)}/{point.Step}"));
        }

        return string.Join('\n', [
            run.ExperimentId, run.RunName, run.Status.ToString().ToUpperInvariant(),
            $"{run.StartTime.ToUnixTimeMilliseconds()}", $"{run.EndTime?.ToUnixTimeMilliseconds()}",
            run.LifecycleStage.ToString().ToLowerInvariant(), run.UserId,
            Map(run.Params), Map(run.Tags), Map(run.Metrics.ToDictionary(metric => metric.Key, metric => PythonFloat.Write(metric.Value))),
            string.Join('|', history.Select(metric => $"{metric.Key}={metric.Value}"))]);

        static string Map(IReadOnlyDictionary<string, string> values) =>
            string.Join('|', values.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}={entry.Value}"));
    }
}
