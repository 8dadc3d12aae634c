using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Measures the cost of a job independently of the machine: the number of requests, and the bytes on the wire beyond those of files and
/// values. If a change needs more of either, these tests fail; raise the figures only on purpose.
/// </summary>
public sealed class CostTests : IAsyncDisposable
{
    private readonly ScriptSession _session = new();
    private TrackingServer _server = null!;

    [Fact]
    public async Task A_run_is_four_requests_one_of_them_to_put_it_out_as_it_ended()
    {
        await StartAsync();
        Assert.Equal(
            ["GET experiments/get-by-name", "POST runs/create", "POST runs/update", "GET runs/get"],
            Cost("$null = Start-MlflowRun -Experiment bench; $null = Stop-MlflowRun").Requests);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task Files_are_a_request_each_and_two_to_see_what_is_there(int files)
    {
        await StartAsync();
        for (int i = 0; i < files; i++)
            _session.Write($"many/part-{i:00000}.csv", new string('x', 800));
        _session.Run("$null = Start-MlflowRun -Experiment bench").Clean();

        Bill bill = Cost("$null = Send-MlflowArtifact ./many -ArtifactPath many -ContentOnly");
        Assert.Equal(files, bill.Requests.Count(request => request.StartsWith("PUT", StringComparison.Ordinal)));
        Assert.InRange(bill.Requests.Length, files, files + 2);
        Assert.Equal(files * 800, bill.Bytes);

        // The second time, the server only gets list requests, for the root and the folder.
        Assert.Equal(["GET runs/get", "GET artifacts/artifacts", "GET artifacts/artifacts"], Cost("$null = Send-MlflowArtifact ./many -ArtifactPath many -ContentOnly").Requests);
    }

    [Fact]
    public async Task Twenty_thousand_points_are_twenty_requests_of_under_hundred_bytes_a_point()
    {
        await StartAsync();
        _session.Run("$null = Start-MlflowRun -Experiment bench").Clean();
        Bill bill = Cost("& { for ($i = 0; $i -lt 20000; $i++) { [pscustomobject]@{ Name = 'm'; Value = $i / 7; Step = $i } } } | Write-MlflowMetric");
        Assert.All(bill.Requests, request => Assert.Equal("POST runs/log-batch", request));
        Assert.InRange(bill.Requests.Length, 20, 40);
        Assert.InRange(bill.Bytes, 20000 * 40, 20000 * 100);
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        await _server.DisposeAsync();
    }

    private async Task StartAsync()
    {
        _server = await TrackingServer.StartAsync();
        _session.Run("$null = Connect-Mlflow $Uri; $null = New-MlflowExperiment bench", ("Uri", _server.Uri.ToString())).Clean();
    }

    private Bill Cost(string script)
    {
        int before = _server.Requests.Count;
        _session.Run(script).Clean();
        RecordedRequest[] requests = [.. _server.Requests.Skip(before)];
        return new Bill([.. requests.Select(Named)], requests.Sum(request => request.BodyLength));
    }

    private static string Named(RecordedRequest request)
    {
        string path = request.Path.Split('?')[0];
        return $"{request.Method} {path[(path.IndexOf("/mlflow", StringComparison.Ordinal) + 8)..]}";
    }

    private sealed record Bill(string[] Requests, long Bytes);
}
