using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class RunDataBatchesTests
{
    [Fact]
    public void Batches_stay_within_every_limit_and_lose_nothing()
    {
        var data = new RunData
        {
            Params = [.. Enumerable.Range(0, 250).Select(i => new Param($"p{i}", new string('ü', i * 24)))],
            Metrics = [.. Enumerable.Range(0, 2500).Select(i => new Metric("m", i, 1, i))],
            Tags = [.. Enumerable.Range(0, 150).Select(i => new Tag($"t{i}", new string('"', 8000)))],
        };
        RunData[] batches = [.. Split(data)];

        Assert.All(batches, batch =>
        {
            Assert.InRange(batch.Params.Count, 0, 100);
            Assert.InRange(batch.Metrics.Count, 0, 1000);
            Assert.InRange(batch.Tags.Count, 0, 100);
            Assert.InRange(batch.Count, 1, 1000);
            byte[] body = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { batch.Params, batch.Metrics, batch.Tags });
            Assert.InRange(body.Length, 0, StoreLimits.Mlflow.BatchBytes);
        });
        Assert.Equal(data.Params, batches.SelectMany(batch => batch.Params));
        Assert.Equal(data.Metrics, batches.SelectMany(batch => batch.Metrics));
        Assert.Equal(data.Tags, batches.SelectMany(batch => batch.Tags));
    }

    [Fact]
    public void A_small_set_is_one_batch() =>
        Assert.Single(Split(new RunData { Params = [new("a", "1")], Metrics = [new("m", 1, 1)], Tags = [new("t", "x")] }));

    [Fact]
    public void Nothing_is_no_batch() => Assert.Empty(Split(new RunData()));

    [Fact]
    public void A_param_that_stands_twice_with_one_value_is_sent_once() =>
        Assert.Single(Split(new RunData { Params = [new("a", "1"), new("a", "1")] }).Single().Params);

    [Fact]
    public void A_param_that_stands_twice_with_two_values_is_a_conflict()
    {
        MlflowException e = Assert.Throws<MlflowException>(() => Split(new RunData { Params = [new("a", "1"), new("a", "2")] }).ToArray());
        Assert.Equal(ErrorKind.ParameterConflict, e.Kind);
    }

    [Fact]
    public void A_store_that_takes_fewer_bytes_gets_more_batches()
    {
        var data = new RunData { Tags = [.. Enumerable.Range(0, 20).Select(i => new Tag($"t{i}", new string('v', 300)))] };
        RunData[] batches = [.. RunDataBatches.Split(data, new StoreLimits { BatchBytes = 1500 })];

        Assert.Equal(10, batches.Length);
        Assert.Equal(data.Tags, batches.SelectMany(batch => batch.Tags));
        Assert.Single(Split(data));
    }

    private static IEnumerable<RunData> Split(RunData data) => RunDataBatches.Split(data, StoreLimits.Mlflow);
}
