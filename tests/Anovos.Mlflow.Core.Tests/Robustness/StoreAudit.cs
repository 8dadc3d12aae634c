using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.StoreWriter;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>
/// Compares a store with what its writers said: what they said is there, exactly; what they were at when they were killed is
/// there or not, but never in part where it must be whole.
/// </summary>
internal sealed class StoreAudit(ITrackingStore store, IReadOnlyList<WriterProcess> writers)
{
    public async Task RunAsync()
    {
        await ExperimentsAsync();
        foreach (var group in writers.Where(writer => writer.RunId is not null).GroupBy(writer => writer.RunId!))
            await RunAsync(group.Key, [.. group]);
    }

    private async Task ExperimentsAsync()
    {
        IReadOnlyList<Experiment> all = (await store.SearchExperimentsAsync(new() { ViewType = ViewType.All, MaxResults = 50_000 }, null, default)).Items;
        Assert.Distinct(all.Select(experiment => experiment.Name));
        Assert.All(all.Where(experiment => experiment.ExperimentId != "0"), AssertBorn);
        IReadOnlyList<Run> runs = (await store.SearchRunsAsync(new([.. all.Select(experiment => experiment.ExperimentId)]) { MaxResults = 50_000 }, null, default)).Items;
        Assert.All(runs, run => Assert.All(Plan.BirthTags(), tag => Assert.Equal(tag.Value, run.Tags[tag.Key])));

        var names = all.ToDictionary(experiment => experiment.ExperimentId, experiment => experiment.Name);
        var experiments = runs.ToDictionary(run => run.RunId, run => run.ExperimentId);
        foreach (WriterProcess writer in writers)
        {
            if (writer.ExperimentId is { } shared)
                Assert.Equal(Plan.Experiment, names[shared]);
            if (writer.RunId is { } run)
                Assert.Equal(writer.ExperimentId, experiments[run]);
            Assert.All(writer.Made, made =>
            {
                Assert.Equal(writer.Plan.Name(made.Operation), names[made.ExperimentId]);
                Assert.Equal(made.ExperimentId, experiments[made.RunId]);
            });
        }
    }

    private static void AssertBorn(Experiment experiment) =>
        Assert.Equal(Plan.BirthTags().Select(tag => (tag.Key, tag.Value)), experiment.Tags.Select(tag => (tag.Key, tag.Value)).Order());

    private async Task RunAsync(string runId, WriterProcess[] its)
    {
        Run run = await store.GetRunAsync(runId, default);
        Assert.Matches(@"^(first|named \d+ \d+)$", run.RunName);
        Param[] params_ = [.. its.SelectMany(writer => Batches(writer, 1)).SelectMany(batch => batch.Params)];
        Assert.Empty(run.Params.Keys.Except(params_.Select(param => param.Key)));
        Assert.All(params_.Where(param => run.Params.ContainsKey(param.Key)), param => Assert.Equal(param.Value, run.Params[param.Key]));
        Assert.Empty(its.SelectMany(writer => Batches(writer, 0)).SelectMany(batch => batch.Params).Select(param => param.Key).Except(run.Params.Keys));

        IReadOnlyList<Metric> shared = await HistoryAsync(runId, Plan.SharedMetric);
        foreach (WriterProcess writer in its)
        {
            Points(writer, await HistoryAsync(runId, writer.Plan.OwnMetric), writer.Plan.OwnMetric);
            Points(writer, [.. shared.Where(point => point.Timestamp == Plan.Start + writer.Plan.Number)], Plan.SharedMetric);
            Tags(writer, run);
        }

        Assert.Subset(its.Select(writer => Plan.Start + writer.Plan.Number).ToHashSet(), shared.Select(point => point.Timestamp).ToHashSet());
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        await ArtifactsAsync(artifacts, "", run, its);
    }

    private async Task<IReadOnlyList<Metric>> HistoryAsync(string runId, string key)
    {
        List<Metric> points = [];
        string? token = null;
        do
        {
            Page<Metric> page = await store.GetMetricHistoryAsync(runId, key, token, default);
            points.AddRange(page.Items);
            token = page.NextPageToken;
        }
        while (token is not null);

        return points;
    }

    // The batches that it said were written, and more: how many operations later ones may be there too.
    private static IEnumerable<RunData> Batches(WriterProcess writer, int more) => Enumerable.Range(0, writer.Done + more)
        .Where(operation => Plan.Kind(operation) == Operation.Batch).Select(writer.Plan.Batch);

    private static void Points(WriterProcess writer, IReadOnlyList<Metric> found, string key)
    {
        Metric[] said = [.. Batches(writer, 0).SelectMany(batch => batch.Metrics).Where(metric => metric.Key == key)];
        Metric[] most = [.. Batches(writer, 1).SelectMany(batch => batch.Metrics).Where(metric => metric.Key == key)];
        Assert.InRange(found.Count, said.Length, most.Length);
        Assert.Equal(most.Take(found.Count), found);
    }

    private static void Tags(WriterProcess writer, Run run)
    {
        string? state = run.Tags.GetValueOrDefault(writer.Plan.StateTag);
        string?[] states = [.. Batches(writer, 1).SelectMany(batch => batch.Tags).Where(tag => tag.Key == writer.Plan.StateTag).Select(tag => tag.Value)];
        int said = Batches(writer, 0).Count();
        Assert.Contains(state, said == 0 ? [null, .. states] : states.Skip(said - 1));
        for (int operation = 0; operation < writer.Done; operation++)
        {
            if (Plan.Kind(operation) != Operation.Batch)
                continue;
            string? kept = run.Tags.GetValueOrDefault(writer.Plan.KeptTag(operation));
            bool removed = Plan.Kind(operation + 1) == Operation.DeleteTag;
            if (!(removed && operation + 1 < writer.Done))
                Assert.True(kept == writer.Plan.Batch(operation).Tags[0].Value || (removed && operation + 1 == writer.Done && kept is null));
            else
                Assert.Null(kept);
        }
    }

    private static async Task ArtifactsAsync(IArtifactStore artifacts, string folder, Run run, WriterProcess[] its)
    {
        var found = new Dictionary<string, string>();
        foreach (Artifact artifact in await artifacts.ListAsync(folder, default))
        {
            if (artifact.IsDirectory)
                await ArtifactsAsync(artifacts, artifact.ArtifactPath, run, its);
            else
                found[artifact.ArtifactPath] = await File.ReadAllTextAsync(Path.Combine(LocalUri.ToPath(run.ArtifactUri), artifact.ArtifactPath));
        }

        foreach ((string path, string text) in found)
        {
            int[] words = [.. text.Split('\n')[0].Split(' ').Select(int.Parse)];
            Assert.True(Encoding.ASCII.GetBytes(text).AsSpan().SequenceEqual(new Plan(words[0]).Artifact(words[1])), $"{path} is not whole");
            Assert.Contains(path, new Plan(words[0]).ArtifactPaths(words[1]));
        }

        // What a writer said to have sent is there, or what it sent to the same path later.
        foreach (WriterProcess writer in its.Where(writer => folder == $"data/{writer.Plan.Number}"))
        {
            var sent = Enumerable.Range(0, writer.Done).Where(operation => Plan.Kind(operation) == Operation.Artifact);
            foreach (var versions in sent.GroupBy(operation => writer.Plan.ArtifactPaths(operation)[0]))
                Assert.InRange(int.Parse(found[versions.Key].Split(' ')[1]), versions.Max(), writer.Done);
        }
    }
}
