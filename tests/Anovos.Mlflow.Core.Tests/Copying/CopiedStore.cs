using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>An experiment with a bit of everything, and all that a store has of it.</summary>
internal static class CopiedStore
{
    public const string Name = "ours";

    /// <summary>A family five levels deep whose children began before their parents, a run that goes on, and one in the trash.</summary>
    public static async Task FillAsync(ITrackingStore store)
    {
        string experiment = await store.CreateExperimentAsync(new NewExperiment(Name), default);
        await store.SetExperimentTagAsync(experiment, new Tag("mlflow.note.content", "What it is for"), default);
        string? parent = null, root = null;
        for (int level = 0; level < 5; level++)
        {
            Tag[] tags = parent is null ? [] : [new(RunTags.ParentRunId, parent), new("mlflow.rootRunId", root!)];
            Run run = await AddAsync($"family {level}", 10_000 - (level * 1000), tags);
            root ??= run.RunId;
            parent = run.RunId;
            RunStatus status = level == 4 ? RunStatus.Failed : RunStatus.Finished;
            await store.UpdateRunAsync(new RunUpdate(run.RunId, status, 20_000 + level), default);
            if (level == 3)
                await store.MoveRunAsync(run.RunId, LifecycleStage.Deleted, default);
        }

        await AddAsync("open", 500, []);
        Run late = await AddAsync("late file", 600, []);
        await store.UpdateRunAsync(new RunUpdate(late.RunId, RunStatus.Finished, 700), default);

        async Task<Run> AddAsync(string name, long start, Tag[] tags)
        {
            Run run = await store.CreateRunAsync(new NewRun(experiment, name, "ada", start) { Tags = tags }, default);
            await store.LogBatchAsync(run.RunId, new RunData
            {
                Params = [new("lr", "0.1"), new("größe", "a\nb")],
                Metrics =
                [
                    .. Enumerable.Range(0, 30).Select(i =>
                        new Metric(i % 2 == 0 ? "loss" : "acc/a", i == 9 ? double.NaN : i / 8.0, 1000 + i, i / 2)),
                ],
                Tags = [new("team", "ops"), new(RunTags.Note, name)],
            }, default);
            var input = new DatasetInput("income", "abc", "local", """{"uri": "x"}""") { Tags = [new(DatasetInput.ContextTag, "train")] };
            await store.LogInputsAsync(run.RunId, [input], default);
            await SendAsync(store, run, "a.txt", name);
            await SendAsync(store, run, "d/large.bin", new string('x', 300_000));
            return run;
        }
    }

    public static async Task SendAsync(ITrackingStore store, Run run, string path, string content)
    {
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        await artifacts.SendAsync(new BytesSource(path, Encoding.UTF8.GetBytes(content)), path, _ => { }, default);
    }

    public static async Task<Run> FindAsync(ITrackingStore store, string name) =>
        (await RunsAsync(store)).Single(run => run.RunName == name);

    private static async Task<IReadOnlyList<Run>> RunsAsync(ITrackingStore store)
    {
        Experiment experiment = (await store.FindExperimentAsync(Name, default))!;
        return (await store.SearchRunsAsync(new RunSearch([experiment.ExperimentId]) { ViewType = ViewType.All }, null, default)).Items;
    }

    /// <summary>All of the experiment, with names in the place of ids.</summary>
    public static async Task<string> DescribeAsync(ITrackingStore store)
    {
        var text = new StringBuilder();
        Experiment experiment = (await store.FindExperimentAsync(Name, default))!;
        text.AppendLine($"{experiment.LifecycleStage}");
        Append(experiment.Tags);
        IReadOnlyList<Run> runs = await RunsAsync(store);
        var names = runs.ToDictionary(run => run.RunId, run => run.RunName);
        foreach (Run run in runs.OrderBy(run => run.RunName, StringComparer.Ordinal))
        {
            text.AppendLine($"{run.RunName} {run.Status} {run.LifecycleStage} {run.UserId} {run.StartTime:O} {run.EndTime:O}");
            Append(run.Params);
            Append(run.Tags.Where(tag => !tag.Key.StartsWith("anovos.", StringComparison.Ordinal))
                .Select(tag => new KeyValuePair<string, string>(tag.Key, names.GetValueOrDefault(tag.Value, tag.Value))));
            foreach (DatasetInput input in run.Inputs)
                text.AppendLine($"  {input.Name} {input.Digest} {input.SourceType} {input.Source} {string.Join(", ", input.Tags)}");
            foreach (string key in run.Metrics.Keys.Order(StringComparer.Ordinal))
            {
                List<Metric> points = await MetricHistory.ReadAllAsync(store, run.RunId, key, default);
                IEnumerable<string> lines = points.Select(point => $"{point.Step}/{point.Timestamp}={point.Value}");
                text.AppendLine($"  {key}: {string.Join(" ", lines.Order(StringComparer.Ordinal))}");
            }

            using IArtifactStore artifacts = ArtifactStores.Open(run, store);
            foreach (ListedArtifact file in await ArtifactTree.FilesAsync(artifacts, "", 4, default))
            {
                using var meter = new HashingStream(Stream.Null, file.Length);
                await artifacts.ReceiveAsync(file.ArtifactPath, meter, _ => { }, default);
                text.AppendLine($"  {file.ArtifactPath} {meter.Finish()}");
            }
        }

        return text.ToString();

        void Append(IEnumerable<KeyValuePair<string, string>> pairs)
        {
            foreach (KeyValuePair<string, string> pair in pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                text.AppendLine($"  {pair.Key} = {pair.Value}");
        }
    }
}
