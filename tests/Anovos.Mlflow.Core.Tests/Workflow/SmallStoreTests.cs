using System.Text;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>A store that rejects values that MLflow would accept: all code that writes to it must use the store's limits.</summary>
public sealed class SmallStoreTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly DirectoryStore _store;
    private Run _run = null!;

    public SmallStoreTests() => _store = new DirectoryStore(_folder.Below("mlruns"), new StoreLimits
    {
        BatchMetrics = 7,
        BatchParams = 3,
        BatchTags = 2,
        BatchTotal = 8,
        Key = 40,
        ParamValue = 50,
        TagValue = 60,
        DatasetName = 20,
        InputTagValue = 5,
    });

    public async ValueTask InitializeAsync() => _run = await _store.CreateRunAsync(new("0", "run", "tester", 1), default);

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Batches_are_as_small_as_the_store_wants_them()
    {
        var data = new RunData
        {
            Params = [.. Enumerable.Range(0, 10).Select(i => new Param($"p{i}", $"{i}"))],
            Metrics = [.. Enumerable.Range(0, 20).Select(i => new Metric("m", i, i, i))],
            Tags = [.. Enumerable.Range(0, 5).Select(i => new Tag($"t{i}", $"{i}"))],
        };
        await Refused(data);
        await _store.WriteAsync(_run.RunId, data, default);

        Run read = await _store.GetRunAsync(_run.RunId, default);
        Assert.Equal((10, 19, "4"), (read.Params.Count, read.Metrics["m"], read.Tags["t4"]));
    }

    [Fact]
    public async Task Settings_get_keys_and_values_that_the_store_accepts()
    {
        await Refused(new RunData { Params = [new(new string('k', 41), "1")] });
        await Refused(new RunData { Params = [new("p", new string('v', 51))] });
        string yaml = $"{new string('k', 100)}: 1\n{new string('k', 99)}: 2\nlong: {new string('v', 51)}\n";
        AnovosConfig config = AnovosConfig.Parse(Encoding.UTF8.GetBytes(yaml), _folder.Below("config.yaml"));
        RecordedWorkflow recorded = await new WorkflowRecorder(_store, _run).RecordAsync(config, truncate: true, default);

        Assert.Equal([new string('k', 38) + "_2", new string('k', 40), "long"], recorded.Run.Params.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(new string('v', 50), recorded.Run.Params["long"]);
        Assert.Contains(recorded.Warnings, warning => warning.Contains("51 characters and MLflow keeps 50", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Statistics_get_keys_and_texts_that_the_store_accepts()
    {
        await Refused(new RunData { Tags = [new("t", new string('v', 61))] });
        string file = _folder.Below("a_table_of_statistics.csv");
        string text = new('v', 61);
        File.WriteAllText(file, $"attribute,a_long_name_of_a_statistic,text,flagged\nan_attribute_with_a_name,1.5,{text},1\n");
        StatisticReport report = StatisticReport.Of([file], new StatisticSelection(["**"], []), _store.Limits, default);
        await _store.WriteAsync(_run.RunId, report.Data, default);

        Run read = await _store.GetRunAsync(_run.RunId, default);
        Assert.Equal(1.5, read.Metrics["a_table_of_s/an_attribute/a_long_name_"]);
        Assert.Equal(new string('v', 60), read.Tags["a_table_of_s/an_attribute/text"]);
    }

    [Fact]
    public async Task Timings_inputs_and_notes_keep_to_the_limits_of_the_store()
    {
        var timings = new Timings(_store.Limits);
        timings.Read(new LogLine($"now - {new string('s', 50)}: execution time (in secs) =1", IsError: false));
        Assert.Equal("time/" + new string('s', 35), Assert.Single(timings.All).Key);
        Tag note = RunNote.Of(_run, new string('f', 100), ["last"], _store.Limits);
        await _store.WriteAsync(_run.RunId, new RunData { Metrics = timings.TakeFresh(), Tags = [note] }, default);
        Assert.Equal(60, note.Value.Length);

        const string Yaml = "drift_detector: { drift_statistics: { source_dataset: { read_dataset: { file_path: in, file_type: csv } } } }";
        AnovosConfig config = AnovosConfig.Parse(Encoding.UTF8.GetBytes(Yaml), "config.yaml");
        IReadOnlyList<DatasetInput> inputs = await WorkflowInputs.OfAsync(config, _folder.FullPath, _store.Limits, default);
        await _store.LogInputsAsync(_run.RunId, inputs, default);
        Assert.Equal(("drift_detector.drift", "drift"), (Assert.Single(inputs).Name, inputs[0].Tags[0].Value));
    }

    [Fact]
    public async Task The_tags_of_a_build_keep_to_the_limits_of_the_store()
    {
        string? Variable(string name) => name switch { "TF_BUILD" => "True", "BUILD_DEFINITIONNAME" => new string('n', 61), _ => null };
        IReadOnlyList<Tag> tags = RunContext.TagsOf(new RunRequest { SourceDirectory = "/" }, Variable, _store.Limits);
        Run run = await _store.CreateRunAsync(new("0", "run", "tester", 1) { Tags = tags }, default);

        Assert.Equal(new string('n', 60), run.Tags["azure.pipelines.pipeline"]);
    }

    private async Task Refused(RunData data)
    {
        MlflowException refusal = await Assert.ThrowsAsync<MlflowException>(() => _store.LogBatchAsync(_run.RunId, data, default));
        Assert.Equal(ErrorKind.InvalidValue, refusal.Kind);
    }
}
