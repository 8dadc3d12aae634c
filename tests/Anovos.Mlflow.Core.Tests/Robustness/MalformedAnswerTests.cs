using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>Answers that are JSON and 200, and not of MLflow's shape.</summary>
public sealed class MalformedAnswerTests : IAsyncLifetime
{
    private TrackingServer _server = null!;
    private RestStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync();
        _store = new RestStore(_server.Uri, new ConnectionOptions());
    }

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("{}", "the field 'experiment' is missing")]
    [InlineData("""{"experiment": null}""", "the field 'experiment' is missing")]
    [InlineData("""{"experiment": 5}""", "the field 'experiment' has an unexpected type")]
    [InlineData("""{"experiment": {}}""", "the field 'experiment_id' is missing")]
    [InlineData("""{"experiment": {"experiment_id": 5}}""", "the field 'experiment_id' has an unexpected type")]
    [InlineData("""{"experiment": {"experiment_id": "1", "name": "\uD800"}}""", "")]
    [InlineData("""{"experiment": {"experiment_id": "1", "creation_time": 1.5}}""", "the field 'creation_time' is not a whole number")]
    [InlineData("""{"experiment": {"experiment_id": "1", "creation_time": true}}""", "the field 'creation_time' has an unexpected type")]
    [InlineData(
        """{"experiment": {"experiment_id": "1", "creation_time": 9223372036854775807}}""", "the field 'creation_time' is not a time")]
    [InlineData("""{"experiment": {"experiment_id": "1", "creation_time": 99999999999999999999}}""", "the field 'creation_time' is not a whole number")]
    [InlineData("""{"experiment": {"experiment_id": "1", "tags": {}}}""", "the field 'tags' has an unexpected type")]
    [InlineData("""{"experiment": {"experiment_id": "1", "tags": [5]}}""", "expected an object with the field 'key'")]
    public async Task A_malformed_experiment_is_not_that_of_an_MLflow_server(string body, string words)
    {
        _server.Faults.Add("*", "*", Faults.Answer(200, body));
        await RefusedAsync(words, () => _store.GetExperimentAsync("1", default));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"run": []}""")]
    [InlineData("""{"run": {}}""")]
    [InlineData("""{"run": {"info": {"run_id": "a"}}}""")]
    [InlineData("""{"run": {"info": {"run_id": "a", "experiment_id": "0"}, "data": 5}}""")]
    [InlineData("""{"run": {"info": {"run_id": "a", "experiment_id": "0"}, "data": {"metrics": [{"key": "m", "value": "much"}]}}}""")]
    [InlineData("""{"run": {"info": {"run_id": "a", "experiment_id": "0", "status": 3}}}""")]
    public async Task A_malformed_run_is_not_that_of_an_MLflow_server(string body)
    {
        _server.Faults.Add("*", "*", Faults.Answer(200, body));
        await RefusedAsync("", () => _store.GetRunAsync("a", default));
    }

    [Theory]
    [InlineData("""{"runs": 5}""")]
    [InlineData("""{"runs": [5]}""")]
    [InlineData("""{"runs": [], "next_page_token": 5}""")]
    public async Task A_malformed_page_is_not_that_of_an_MLflow_server(string body)
    {
        _server.Faults.Add("*", "*", Faults.Answer(200, body));
        await RefusedAsync("", () => _store.SearchRunsAsync(new(["0"]), null, default));
    }

    [Fact]
    public async Task A_run_of_an_unknown_status_is_running()
    {
        _server.Faults.Add("*", "*", Faults.Answer(200, """{"run": {"info": {"run_id": "a", "experiment_id": "0", "status": "77"}}}"""));
        Assert.Equal(RunStatus.Running, (await _store.GetRunAsync("a", default)).Status);
    }

    [Fact]
    public async Task An_error_whose_text_is_none_is_the_servers_error_all_the_same()
    {
        _server.Faults.Add("*", "*", Faults.Answer(400, """{"error_code": "X", "message": "\uD800"}"""));
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(() => _store.GetExperimentAsync("1", default));
        Assert.Equal((ErrorKind.ServerError, 400), (failure.Kind, failure.StatusCode));
    }

    private async Task RefusedAsync(string words, Func<Task> read)
    {
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(read);
        Assert.Equal(ErrorKind.NotAnMlflowServer, failure.Kind);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.Contains(_store.TrackingUri, failure.Message, StringComparison.Ordinal);
    }
}
