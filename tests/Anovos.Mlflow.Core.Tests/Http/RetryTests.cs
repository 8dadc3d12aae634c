using System.Globalization;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests that transient failures are retried, without applying a change twice.</summary>
public sealed class RetryTests : IAsyncLifetime
{
    private static readonly RetryPolicy Quick = new() { BackoffFactor = 0.001, Jitter = 0.001 };

    private readonly List<RetryNotice> _notices = [];
    private TrackingServer _server = null!;
    private RestStore _store = null!;

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_status_that_may_pass_is_tried_again(int status)
    {
        _server.Faults.Add("*", "*", Faults.Answer(status, "later", "text/plain"), times: 3);
        await _store.SearchExperimentsAsync(new ExperimentSearch(), null, default);
        Assert.Equal([1, 2, 3], _notices.Select(notice => notice.Retry));
        Assert.Contains("later", _notices[0].Cause);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(501)]
    public async Task A_status_that_will_not_pass_is_not(int status)
    {
        _server.Faults.Add("*", "*", Faults.Answer(status, "no", "text/plain"), times: 9);
        await Assert.ThrowsAsync<MlflowException>(() => _store.SearchExperimentsAsync(new ExperimentSearch(), null, default));
        Assert.Empty(_notices);
    }

    [Fact]
    public async Task A_changed_param_is_not_tried_again_where_a_store_answers_500_to_it()
    {
        Run run = await StartAsync();
        _server.Faults.Add("*", "*log-batch", Faults.Answer(500, """{"error_code": "INTERNAL_ERROR", "message": "Changing param values is not allowed. Param with key='a' was already logged"}""", "application/json"), times: 9);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => _store.LogBatchAsync(run.RunId, new RunData { Params = [new("a", "2")] }, default));
        Assert.Equal(ErrorKind.ParameterConflict, e.Kind);
        Assert.Empty(_notices);
    }

    [Fact]
    public async Task When_it_gives_up_the_error_has_the_servers_last_words()
    {
        using var store = new RestStore(_server.Uri, new ConnectionOptions { Retry = Quick with { MaxRetries = 2 } });
        _server.Faults.Add("*", "*", Faults.Answer(503, "first", "text/plain"), times: 2);
        _server.Faults.Add("*", "*", Faults.Answer(503, "closing for the night", "text/plain"), times: 2);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => store.SearchExperimentsAsync(new ExperimentSearch(), null, default));
        Assert.Contains("closing for the night", e.Message);
        Assert.Equal(503, e.StatusCode);
        Assert.Equal(3, _server.Requests.Count);
    }

    [Fact]
    public async Task Cancelling_ends_a_wait_at_once()
    {
        using var store = new RestStore(_server.Uri, new ConnectionOptions { Retry = new RetryPolicy { BackoffFactor = 120 } }, _notices.Add);
        _server.Faults.Add("*", "*", Faults.Unavailable(), times: 9);
        using var cancel = new CancellationTokenSource();
        Task search = store.SearchExperimentsAsync(new ExperimentSearch(), null, cancel.Token);
        while (_notices.Count == 0)
            await Task.Delay(5);

        // Otherwise the test would take two minutes.
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => search);
    }

    [Fact]
    public async Task A_wait_that_would_go_beyond_the_total_time_is_not_begun()
    {
        using var store = new RestStore(_server.Uri, new ConnectionOptions { Retry = new RetryPolicy { TotalTime = TimeSpan.FromMinutes(5) } }, _notices.Add);
        _server.Faults.Add("*", "*", Faults.Unavailable(retryAfter: 360), times: 9);
        await Assert.ThrowsAsync<MlflowException>(() => store.SearchExperimentsAsync(new ExperimentSearch(), null, default));
        Assert.Empty(_notices);
    }

    [Theory]
    [InlineData(1, null, 0.5, 2.5)]
    [InlineData(3, null, 0.0, 8.0)]
    [InlineData(9, null, 1.0, 120.0)]
    [InlineData(1, 17, 0.5, 17.0)]
    [InlineData(1, -3, 0.5, 0.0)]
    public void Waits_double_with_a_chance_and_the_servers_word_comes_first(int retry, int? retryAfter, double chance, double seconds) =>
        Assert.Equal(seconds, new RetryPolicy().Wait(retry, retryAfter is { } asked ? TimeSpan.FromSeconds(asked) : null, chance).TotalSeconds);

    [Theory]
    [InlineData("120", 120)]
    [InlineData("Tue, 24 Nov 2026 10:00:30 GMT", 30)]
    [InlineData("soon", null)]
    [InlineData("-1", null)]
    [InlineData(null, null)]
    public void Retry_after_is_read_in_both_its_forms(string? header, int? seconds) =>
        Assert.Equal(seconds, (int?)ServerErrors.ReadRetryAfter(header, DateTimeOffset.Parse("2026-11-24T10:00:00Z", CultureInfo.InvariantCulture))?.TotalSeconds);

    [Fact]
    public void The_policy_is_that_of_the_environment()
    {
        RetryPolicy policy = ConnectionOptions.FromEnvironment(
            name => name switch { "MLFLOW_HTTP_REQUEST_MAX_RETRIES" => "3", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR" => "0.5", "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER" => "false", _ => null },
            home: null).Retry;
        Assert.Equal((3, 0.5, false, 1.0), (policy.MaxRetries, policy.BackoffFactor, policy.RespectRetryAfter, policy.Jitter));
        Assert.Throws<MlflowException>(() => ConnectionOptions.FromEnvironment(name => name == "MLFLOW_HTTP_REQUEST_MAX_RETRIES" ? "11" : null, home: null));
    }

    [Fact]
    public async Task A_run_whose_creation_got_no_answer_is_found_and_not_made_twice()
    {
        string experiment = await _store.CreateExperimentAsync(new NewExperiment("x"), default);
        _server.Faults.Add("POST", "*runs/create", Faults.CloseAfter);
        Run run = await _store.CreateRunAsync(new NewRun(experiment, "only", "ada", 1), default);
        Assert.Equal(run.RunId, Assert.Single(_server.Runs).RunId);
        Assert.Single(_notices);
    }

    [Fact]
    public async Task An_experiment_whose_creation_got_no_answer_is_found()
    {
        _server.Faults.Add("POST", "*experiments/create", Faults.CloseAfter);
        string id = await _store.CreateExperimentAsync(new NewExperiment("x"), default);
        Assert.Equal(id, (await _store.FindExperimentAsync("x", default))!.ExperimentId);
    }

    [Fact]
    public async Task Points_whose_answer_was_lost_are_not_doubled()
    {
        Run run = await StartAsync();
        Metric[] points = [.. Enumerable.Range(0, 300).Select(i => new Metric(i % 2 == 0 ? "a" : "b", i % 7 == 0 ? double.PositiveInfinity : i, 1000 + i, i)), new("a", 1, 5), new("a", 1, 5), new("n", double.NaN, 1)];
        _server.Faults.Add("POST", "*log-batch", Faults.CloseAfter, times: 2);
        await _store.LogBatchAsync(run.RunId, new RunData { Metrics = points, Params = [new("p", "1")], Tags = [new("t", "1")] }, default);
        await _store.LogBatchAsync(run.RunId, new RunData { Metrics = [new("a", 1, 5)] }, default);

        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(("1", "1"), (stored.Params["p"], stored.Tags["t"]));
        Assert.Equal(points.Length + 1, stored.Metrics.Count);
    }

    [Fact]
    public async Task A_tag_whose_removal_got_no_answer_is_gone_and_that_is_no_error()
    {
        Run run = await StartAsync();
        await _store.LogBatchAsync(run.RunId, new RunData { Tags = [new("t", "1")] }, default);
        _server.Faults.Add("POST", "*delete-tag", Faults.CloseAfter);
        await _store.DeleteTagAsync(run.RunId, "t", default);
        Assert.DoesNotContain("t", Assert.Single(_server.Runs).Tags.Keys);
    }

    [Fact]
    public async Task A_file_is_read_again_from_the_disk_and_its_progress_counts_once()
    {
        Run run = await StartAsync();
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[3_000_000]);
        _server.Faults.Add("PUT", "*", Faults.Unavailable());
        _server.Faults.Add("PUT", "*", Faults.CloseBefore);
        _server.Faults.Add("PUT", "*", Faults.CloseAfter);
        long sent = 0;
        using (IArtifactStore artifacts = ArtifactStores.Open(run, _store))
            await artifacts.SendAsync(new FileInfo(path), "big", bytes => sent += bytes, default);
        File.Delete(path);
        Assert.Equal(3_000_000, sent);
        Assert.Equal(3_000_000, Assert.Single(_server.ArtifactsOf(run.RunId)).Value.Length);
        Assert.Equal(3, _notices.Count);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync(new TrackingServerOptions { KeepsRepeatedPoints = true });
        _store = new RestStore(_server.Uri, new ConnectionOptions { Retry = Quick }, _notices.Add);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _server.DisposeAsync();
    }

    private async Task<Run> StartAsync()
    {
        string experiment = await _store.CreateExperimentAsync(new NewExperiment("x"), default);
        return await _store.CreateRunAsync(new NewRun(experiment, null, "ada", 1), default);
    }
}
