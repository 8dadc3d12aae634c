using System.IO.Compression;
using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests that any response is handled with a clear error and bounded memory, and that Ctrl+C cancels immediately.</summary>
public sealed class HostileAnswerTests
{
    private const string Chunked = "Transfer-Encoding: chunked\r\n";

    public static TheoryData<string, string, ErrorKind> Answers => new()
    {
        { "not HTTP", "SSH-2.0-OpenSSH_9.6\r\n", ErrorKind.TrackingServerUnreachable },
        { "nothing", "", ErrorKind.TrackingServerUnreachable },
        { "half a status line", "HTTP/1.1 2", ErrorKind.TrackingServerUnreachable },
        { "half of the headers", "HTTP/1.1 200 OK\r\nContent-Ty", ErrorKind.TrackingServerUnreachable },
        { "shorter than its length", RawServer.Head("Content-Length: 100\r\n") + "{\"experiments\": [", ErrorKind.TrackingServerUnreachable },
        { "whole JSON, shorter than its length", RawServer.Head("Content-Length: 100\r\n") + "{}", ErrorKind.TrackingServerUnreachable },
        { "longer than its length", RawServer.Head("Content-Length: 5\r\n") + "{\"experiments\": []}", ErrorKind.TrackingServerUnreachable },
        { "a chunk is cut", RawServer.Head(Chunked) + "10\r\n{\"exp", ErrorKind.TrackingServerUnreachable },
        { "the last chunk is missing", RawServer.Head(Chunked) + "2\r\n{}\r\n", ErrorKind.TrackingServerUnreachable },
        { "a chunk's length is not a number", RawServer.Head(Chunked) + "xyz\r\n{}\r\n", ErrorKind.TrackingServerUnreachable },
        { "hangs up in the JSON", RawServer.Head("Connection: close\r\n") + "{\"experiments\": [{\"name\": \"a", ErrorKind.TrackingServerUnreachable },
        { "hangs up in the HTML", RawServer.Head("Connection: close\r\n") + "<html><bo", ErrorKind.NotAnMlflowServer },
        { "no JSON", RawServer.Head("Connection: close\r\n") + "{experiments: ]", ErrorKind.NotAnMlflowServer },
        { "JSON and more", RawServer.Head("Connection: close\r\n") + "{} {}", ErrorKind.NotAnMlflowServer },
        { "a list", RawServer.Head("Connection: close\r\n") + "[1, 2]", ErrorKind.NotAnMlflowServer },
        { "bytes that are no text", RawServer.Head("Connection: close\r\n") + "{\"\xFF\xFE\": 1}\x00", ErrorKind.NotAnMlflowServer },
        { "deep", RawServer.Head("Connection: close\r\n") + string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_000), ErrorKind.NotAnMlflowServer },
        { "deep, and never closed", RawServer.Head("Connection: close\r\n") + "{\"a\":" + new string('[', 1_000_000), ErrorKind.NotAnMlflowServer },
        { "gzip that is none", RawServer.Head("Content-Encoding: gzip\r\nContent-Length: 12\r\n") + "not gzip at ", ErrorKind.NotAnMlflowServer },
        { "an error whose words are half a pair", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{\"error_code\": \"BAD_REQUEST\", \"message\": \"\\ud800\"}", ErrorKind.ServerError },
        { "an unknown status", "HTTP/1.1 999 What\r\nConnection: close\r\n\r\n", ErrorKind.ServerError },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_that_is_wrong_ends_in_a_clear_error(string what, string answer, ErrorKind kind)
    {
        await using var server = new RawServer(answer);
        MlflowException e = await FailAsync(server.Uri);
        Assert.True(kind == e.Kind, $"{what}: {e.Kind}, {e.Message}");
        Assert.Contains("127.0.0.1", e.Message);
    }

    [Fact]
    public async Task An_answer_without_end_is_given_up_at_its_limit()
    {
        await using var server = new RawServer((stream, token) => RepeatAsync(stream, RawServer.Head("Connection: close\r\n"), new byte[65536], token));
        MlflowException e = await FailAsync(server.Uri);
        Assert.Equal(ErrorKind.NotAnMlflowServer, e.Kind);
        Assert.Contains("more than 64 MiB", e.Message);
    }

    [Fact]
    public async Task An_error_without_end_is_read_as_far_as_it_is_quoted()
    {
        await using var server = new RawServer((stream, token) => RepeatAsync(stream, "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\n\r\n", Encoding.ASCII.GetBytes("come back later "), token));
        MlflowException e = await FailAsync(server.Uri);
        Assert.Equal(503, e.StatusCode);
        Assert.Contains("come back later", e.Message);
        Assert.True(e.Message.Length < 1000);
    }

    [Fact]
    public async Task A_refusal_that_is_longer_than_what_is_read_stays_a_refusal()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Answer(400, $$"""{"error_code": "INVALID_PARAMETER_VALUE", "message": "{{new string('x', 1 << 20)}}"}"""));
        MlflowException e = await FailAsync(server.Uri);
        Assert.Equal((400, false), (e.StatusCode, e.IsTransient));
    }

    [Fact]
    public async Task A_gzip_bomb_costs_no_more_than_a_long_answer()
    {
        var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] block = new byte[1 << 20];
            for (int i = 0; i < 1024; i++)
                gzip.Write(block);
        }

        await using var server = new RawServer(async (stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(RawServer.Head($"Content-Encoding: gzip\r\nContent-Length: {bomb.Length}\r\n")), token);
            await stream.WriteAsync(bomb.ToArray(), token);
        });
        long before = GC.GetTotalAllocatedBytes();
        MlflowException e = await FailAsync(server.Uri);
        Assert.Contains("more than 64 MiB", e.Message);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 512L << 20);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", "X-Slow: a\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", " ")]
    [InlineData("HTTP/1.1 503 Busy\r\n\r\n", "a")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n")]
    [InlineData("", "")]
    public async Task A_slow_answer_ends_with_the_time_of_a_request_and_at_once_on_cancelling(string head, string repeated)
    {
        await using var server = new RawServer(async (stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), token);
            while (true)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(repeated), token);
                await Task.Delay(20, token);
            }
        });
        MlflowException e = await FailAsync(server.Uri, new ConnectionOptions { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.Equal(ErrorKind.TrackingServerUnreachable, e.Kind);
        Assert.Contains("MLFLOW_HTTP_REQUEST_TIMEOUT", e.Message);

        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReadAsync(server.Uri, new ConnectionOptions(), cancel.Token));
    }

    [Fact]
    public async Task Headers_without_end_are_given_up()
    {
        await using var server = new RawServer((stream, token) => RepeatAsync(stream, "HTTP/1.1 200 OK\r\n", Encoding.ASCII.GetBytes("X-More: and more\r\n"), token));
        Assert.Equal(ErrorKind.TrackingServerUnreachable, (await FailAsync(server.Uri)).Kind);
    }

    [Fact]
    public async Task A_redirect_that_leads_in_a_circle_is_left()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Redirect(new Uri("/api/2.0/mlflow/experiments/search", UriKind.Relative), 308), times: 100);
        MlflowException e = await FailAsync(server.Uri);
        Assert.Equal(ErrorKind.NotAnMlflowServer, e.Kind);
        Assert.Contains("redirect 6", e.Message);
        Assert.Equal(6, server.Requests.Count);
    }

    [Theory]
    [InlineData(new[] { "a" }, 2)]
    [InlineData(new[] { "a", "b", "a" }, 3)]
    [InlineData(new[] { "a", "b", "c", "b" }, 4)]
    public async Task Pages_that_lead_in_a_circle_are_left(string[] tokens, int requests)
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        foreach (string token in tokens.Concat(Enumerable.Repeat(tokens[^1], 5)))
            server.Faults.Add("*", "*get-history", Faults.Answer(200, $$"""{"metrics": [{"key": "m", "value": 1, "timestamp": 1}], "next_page_token": "{{token}}"}"""));
        using var store = new RestStore(server.Uri, new ConnectionOptions());
        Task<List<Metric>> read = MetricHistory.ReadAllAsync(store, "r", "m", default);

        // MLflow 3.11 itself ends with a token that points to itself; a longer cycle would lose items.
        if (tokens.Length == 1)
            Assert.Equal(2, (await read).Count);
        else
            Assert.Contains("in a loop", (await Assert.ThrowsAsync<MlflowException>(() => read)).Message);
        Assert.Equal(requests, server.Requests.Count);
    }

    [Fact]
    public async Task Empty_pages_without_end_are_left()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        for (int i = 0; i < 200; i++)
            server.Faults.Add("*", "*get-history", Faults.Answer(200, $$"""{"next_page_token": "{{i}}"}"""));
        using var store = new RestStore(server.Uri, new ConnectionOptions());
        await Assert.ThrowsAsync<MlflowException>(() => MetricHistory.ReadAllAsync(store, "r", "m", default));
    }

    [Fact]
    public async Task A_listing_of_artifacts_is_bounded_too()
    {
        await using var server = new RawServer((stream, token) => RepeatAsync(stream, RawServer.Head("Connection: close\r\n"), new byte[65536], token));
        using RestStore store = Open(server.Uri, new ConnectionOptions());
        using IArtifactStore artifacts = ArtifactStores.Open(RunAt("mlflow-artifacts:/1/r/artifacts"), store);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => artifacts.ListAsync("", default));
        Assert.Contains("more than 64 MiB", e.Message);
    }

    [Theory]
    [InlineData(300, null)]
    [InlineData(60_000, 300)]
    [InlineData(60_000, null)]
    public async Task An_upload_that_nobody_reads_ends_by_a_time_limit_or_by_cancelling(int idle, int? whole)
    {
        string path = Path.GetTempFileName();
        using (FileStream file = File.OpenWrite(path))
            file.SetLength(64 << 20);
        await using var server = new RawServer((_, token) => Task.Delay(Timeout.Infinite, token));
        using RestStore store = Open(server.Uri, new ConnectionOptions
        {
            RequestTimeout = TimeSpan.FromMilliseconds(idle),
            TransferTimeout = whole is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
        });
        using IArtifactStore artifacts = ArtifactStores.Open(RunAt("mlflow-artifacts:/1/r/artifacts"), store);
        using var cancel = new CancellationTokenSource();
        Task send = artifacts.SendAsync(new FileInfo(path), "big", _ => { }, cancel.Token);
        if (idle == 60_000 && whole is null)
        {
            cancel.CancelAfter(200);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => send);
        }
        else
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => send);
            Assert.Contains(whole is null ? "MLFLOW_HTTP_REQUEST_TIMEOUT" : "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", e.Message);
        }

        File.Delete(path);
    }

    [Fact]
    public void The_time_limit_of_a_file_comes_from_the_environment()
    {
        Assert.Null(ConnectionOptions.FromEnvironment(_ => null, home: null).TransferTimeout);
        Assert.Equal(TimeSpan.FromSeconds(90), ConnectionOptions.FromEnvironment(name => name == "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT" ? "90" : null, home: null).TransferTimeout);
    }

    private static Run RunAt(string artifactUri) => new() { RunId = "r", ExperimentId = "1", RunName = "r", ArtifactUri = artifactUri, TrackingUri = "" };

    private static async Task RepeatAsync(Stream stream, string head, byte[] block, CancellationToken token)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), token);
        while (true)
            await stream.WriteAsync(block, token);
    }

    private static RestStore Open(Uri server, ConnectionOptions options) => new(server, options with { Retry = RetryPolicy.None });

    private static async Task ReadAsync(Uri server, ConnectionOptions options, CancellationToken token)
    {
        using RestStore store = Open(server, options);
        await store.SearchExperimentsAsync(new ExperimentSearch(), null, token);
    }

    private static Task<MlflowException> FailAsync(Uri server, ConnectionOptions? options = null) =>
        Assert.ThrowsAsync<MlflowException>(() => ReadAsync(server, options ?? new ConnectionOptions(), default));
}
