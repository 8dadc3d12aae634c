using System.Text.Json;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using FsCheck.Xunit;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>What holds for everything that is written to a run.</summary>
[Properties(Arbitrary = new[] { typeof(AnyText) })]
public sealed class StoreProperties
{
    [Property]
    public async Task What_a_directory_store_takes_it_gives_back(AnyText name, AnyText runName, AnyText key, AnyText param, AnyText tag, double[] values)
    {
        using var folder = new TemporaryFolder();
        using var store = new DirectoryStore(folder.Below("mlruns"));
        string experimentName = "x" + Cut(name, StoreLimits.Mlflow.ExperimentName - 1);
        var made = new NewExperiment(experimentName) { Tags = [new("t", Cut(tag, store.Limits.TagValue))] };
        string experiment = await store.CreateExperimentAsync(made, default);
        Run run = await store.CreateRunAsync(new(experiment, "n" + runName.Value, "me", 1), default);

        string valid = StoreLimits.Mlflow.ToValidKey(key.Value);
        if (FileNames.WhyInvalid(valid, OperatingSystem.IsWindows()) is not null)
            valid = "key";
        var data = new RunData
        {
            Metrics = [.. values.Take(1000).Select((value, i) => new Metric(valid, value, i, -i))],
            Params = [new(valid, Cut(param, StoreLimits.Mlflow.ParamValue))],
            Tags = [new(valid, Cut(tag, StoreLimits.Mlflow.TagValue))],
        };
        foreach (RunData batch in RunDataBatches.Split(data, StoreLimits.Mlflow))
            await store.LogBatchAsync(run.RunId, batch, default);
        // Once more, as after a lost answer.
        await store.LogBatchAsync(run.RunId, data with { Metrics = [] }, default);

        Run read = await store.GetRunAsync(run.RunId, default);
        Assert.Equal(Stored(Cut(param, StoreLimits.Mlflow.ParamValue)), read.Params[valid]);
        Assert.Equal(Stored(Cut(tag, StoreLimits.Mlflow.TagValue)), read.Tags[valid]);
        Assert.Equal(Stored("n" + runName.Value), read.RunName);
        Assert.Equal(data.Metrics, (await store.GetMetricHistoryAsync(run.RunId, valid, null, default)).Items);
        Assert.Equal(experiment, (await store.FindExperimentAsync(experimentName, default))!.ExperimentId);
        MlflowException twice = await Assert.ThrowsAsync<MlflowException>(() => store.CreateExperimentAsync(new(experimentName), default));
        Assert.Equal(ErrorKind.ExperimentExists, twice.Kind);
    }

    [Property]
    public async Task What_a_database_takes_it_gives_back(
        AnyText name, AnyText runName, AnyText key, AnyText param, AnyText tag, double[] values)
    {
        using var folder = new TemporaryFolder();
        using var store = new SqliteStore(folder.Below("mlflow.db"));
        string experimentName = "x" + Cut(name, StoreLimits.Mlflow.ExperimentName - 1), tagValue = Cut(tag, StoreLimits.Mlflow.TagValue);
        Task<string> creating = store.CreateExperimentAsync(new(experimentName) { Tags = [new("t", tagValue)] }, default);
        if (IsRefused(experimentName) || IsRefused(tagValue))
        {
            Assert.Equal(ErrorKind.InvalidValue, (await Assert.ThrowsAsync<MlflowException>(() => creating)).Kind);
            Assert.Equal(["Default"], (await store.SearchExperimentsAsync(new(), null, default)).Items.Select(one => one.Name));
            return;
        }

        string experiment = await creating;
        Task<Run> starting = store.CreateRunAsync(new(experiment, "n" + runName.Value, "me", 1), default);
        if (IsRefused("n" + runName.Value))
        {
            Assert.Equal(ErrorKind.InvalidValue, (await Assert.ThrowsAsync<MlflowException>(() => starting)).Kind);
            Assert.Empty((await store.SearchRunsAsync(new([experiment]), null, default)).Items);
            return;
        }

        Run run = await starting;
        string valid = StoreLimits.Mlflow.ToValidKey(key.Value), paramValue = Cut(param, StoreLimits.Mlflow.ParamValue);
        var data = new RunData
        {
            Metrics = [.. values.Take(1000).Select((value, i) => new Metric(valid, value, i, -i))],
            Params = [new(valid, paramValue)],
            Tags = [new(valid, tagValue)],
        };
        foreach (RunData batch in RunDataBatches.Split(data, StoreLimits.Mlflow))
            await store.LogBatchAsync(run.RunId, batch, default);
        // Once more, as after a lost answer.
        await store.LogBatchAsync(run.RunId, new RunData { Params = data.Params, Tags = data.Tags }, default);

        Run read = await store.GetRunAsync(run.RunId, default);
        Assert.Equal(Stored(paramValue), read.Params[valid]);
        Assert.Equal(Stored(tagValue), read.Tags[valid]);
        Assert.Equal(Stored("n" + runName.Value), read.RunName);
        IEnumerable<Metric> points = data.Metrics.Select(point => point with
        {
            Value = double.IsInfinity(point.Value) ? Math.Sign(point.Value) * double.MaxValue : point.Value,
        });
        Assert.Equal(points, (await store.GetMetricHistoryAsync(run.RunId, valid, null, default)).Items);
        Assert.Equal(experiment, (await store.FindExperimentAsync(experimentName, default))!.ExperimentId);
        MlflowException twice = await Assert.ThrowsAsync<MlflowException>(() => store.CreateExperimentAsync(new(experimentName), default));
        Assert.Equal(ErrorKind.ExperimentExists, twice.Kind);
    }

    [Property]
    public void Batches_keep_every_limit_lose_nothing_and_keep_the_order(AnyText[] texts, byte paramCount, byte tagCount, short metricCount, double value)
    {
        string Text(int i, int limit) => texts.Length == 0 ? "" : Cut(new(string.Concat(Enumerable.Repeat(texts[i % texts.Length].Value, 1 + (i % 200)))), limit);
        var data = new RunData
        {
            Params = [.. Enumerable.Range(0, paramCount).Select(i => new Param($"{i}", Text(i, StoreLimits.Mlflow.ParamValue)))],
            Tags = [.. Enumerable.Range(0, tagCount).Select(i => new Tag($"{i}", Text(i, StoreLimits.Mlflow.TagValue)))],
            Metrics = [.. Enumerable.Range(0, Math.Abs(metricCount % 3000))
                .Select(i => new Metric(Text(i, StoreLimits.Mlflow.Key), value, long.MinValue + i, i))],
        };

        RunData[] batches = [.. RunDataBatches.Split(data, StoreLimits.Mlflow)];

        Assert.Equal(data.Params, batches.SelectMany(batch => batch.Params));
        Assert.Equal(data.Metrics, batches.SelectMany(batch => batch.Metrics));
        Assert.Equal(data.Tags, batches.SelectMany(batch => batch.Tags));
        Assert.All(batches, AssertWithinLimits);
    }

    [Fact]
    public void Points_with_the_longest_numbers_and_keys_that_fill_a_batch_to_its_last_byte_keep_the_limit()
    {
        var data = new RunData
        {
            Metrics = [.. Enumerable.Range(0, 1000).Select(i => new Metric(new string('ü', 150), double.MinValue, long.MinValue, long.MinValue))],
        };
        Assert.All(RunDataBatches.Split(data, StoreLimits.Mlflow), AssertWithinLimits);
    }

    private static void AssertWithinLimits(RunData batch)
    {
        Assert.InRange(batch.Count, 1, StoreLimits.Mlflow.BatchTotal);
        Assert.InRange(batch.Metrics.Count, 0, StoreLimits.Mlflow.BatchMetrics);
        Assert.InRange(batch.Params.Count, 0, StoreLimits.Mlflow.BatchParams);
        Assert.InRange(batch.Tags.Count, 0, StoreLimits.Mlflow.BatchTags);
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("run_id", new string('0', 32));
            RestEntities.WriteData(writer, batch);
            writer.WriteEndObject();
        }

        Assert.InRange(body.Length, 1, StoreLimits.Mlflow.BatchBytes);
    }

    // What a database would cut.
    private static bool IsRefused(string text) => text.Length > 160 && text.Contains('\0');

    private static string Stored(string text) => SharedFile.Stored(text);

    private static string Cut(AnyText text, int limit) => ParamBuilder.Cut("", text.Value, limit, truncate: true, new List<string>());
}
