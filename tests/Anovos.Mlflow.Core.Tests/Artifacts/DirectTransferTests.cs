using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Direct transfers to and from the bucket behind a server that proxies artifacts, with no variable set.</summary>
public sealed class DirectTransferTests
{
    private const int Length = 1_050_000;
    private const int Small = 999_999;

    [Fact]
    public async Task A_large_file_goes_in_parts_and_comes_in_ranges_if_the_server_says_that_it_can()
    {
        await using TransferFixture run = await OpenAsync();
        ArtifactUpload large = run.File("a b/large.bin", Length), small = run.File("small", 10);

        Assert.Equal(["a b/large.bin Sent", "small Sent"], await run.SendAsync([large, small]));
        Assert.Equal(["a b/large.bin Received", "small Received"], await run.ReceiveAsync());

        Assert.Equal(11, OfBucket(run).Count(request => request.Method == "PUT"));
        Assert.Equal(11, OfBucket(run).Count(request => request.Method == "GET" && request.Headers.ContainsKey("Range")));
        Assert.All(OfBucket(run), request => Assert.False(request.Headers.ContainsKey("Authorization")));
        Assert.Equal(File.ReadAllBytes(large.Source.Location), File.ReadAllBytes(Path.Combine(run.Destination, "a b/large.bin")));
        Assert.Single(run.Server.Requests, IsInfo);
        Assert.Empty(run.Warnings);
    }

    [Fact]
    public async Task A_small_file_asks_nothing_of_the_server()
    {
        await using TransferFixture run = await OpenAsync();
        await run.SendAsync([run.File("small", Small)]);
        run.Server.Faults.Add("GET", "*/server-info", Faults.Unavailable());
        await run.ReceiveAsync();
        Assert.DoesNotContain(run.Server.Requests, IsInfo);
        Assert.Empty(OfBucket(run));
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task An_older_server_is_asked_once_and_gets_the_file_whole(string version)
    {
        await using TransferFixture run = await OpenAsync(version);
        await run.SendAsync([run.File("large", Length)]);
        await run.SendAsync([run.File("large 2", Length)]);
        await run.ReceiveAsync();
        Assert.Single(run.Server.Requests, IsInfo);
        Assert.Empty(OfBucket(run));
    }

    [Theory]
    [InlineData(401, "Unauthorized", "text/html")]
    [InlineData(502, "<html>bad gateway</html>", "text/html")]
    [InlineData(200, "<html>log in</html>", "text/html")]
    [InlineData(200, "{}", "application/json")]
    [InlineData(200, "{\"store_type\": 1}", "application/json")]
    public async Task What_is_no_response_of_the_server_is_not_remembered(int status, string body, string type)
    {
        await using TransferFixture run = await OpenAsync();
        run.Server.Faults.Add("GET", "*/server-info", Faults.Answer(status, body, type));
        Assert.Equal(["large Sent"], await run.SendAsync([run.File("large", Length)]));
        Assert.Empty(OfBucket(run));
        Assert.Equal(["large 2 Sent"], await run.SendAsync([run.File("large 2", Length)]));
        Assert.NotEmpty(OfBucket(run));
        Assert.Equal(2, run.Server.Requests.Count(IsInfo));
    }

    [Theory]
    [InlineData(false, PresignedUse.Auto)]
    [InlineData(null, PresignedUse.Never)]
    public async Task The_variables_come_first(bool? variable, PresignedUse presigned)
    {
        await using TransferFixture run = await OpenAsync(
            multipart: options => options with { ThroughServer = variable, FromBucket = variable }, presigned: presigned);
        await run.SendAsync([run.File("large", Length)]);
        Assert.Equal(["large Received"], await run.ReceiveAsync());
        Assert.Empty(OfBucket(run));
        Assert.DoesNotContain(run.Server.Requests, IsInfo);
    }

    [Fact]
    public async Task A_bucket_on_3_11_is_used_for_downloads_if_the_variable_says_so()
    {
        await using TransferFixture run = await OpenAsync("3.11", options => options with { FromBucket = true });
        ArtifactUpload large = run.File("large", Length);
        await run.SendAsync([large]);
        Assert.Equal(["large Received"], await run.ReceiveAsync());
        Assert.Equal(11, OfBucket(run).Count());
        Assert.DoesNotContain(run.Server.Requests.Skip(run.Server.Requests.Count - 12), IsInfo);
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_reached_is_said_once_and_everything_goes_through_the_server()
    {
        // Nothing listens at port 1.
        await using TransferFixture run =
            await OpenAsync(change: options => options with { BucketAddress = new Uri("http://127.0.0.1:1") });
        ArtifactUpload a = run.File("a", Length), b = run.File("b", Length);
        Assert.Equal(["a Sent"], await run.SendAsync([a]));
        Assert.Equal(["b Sent"], await run.SendAsync([b]));
        Assert.Equal(["a Received", "b Received"], await run.ReceiveAsync());

        string warning = Assert.Single(run.Warnings);
        Assert.Contains("cannot be reached from here", warning);
        Assert.DoesNotContain("signature", warning);
        Assert.Single(run.Server.Requests, request => request.Path.Contains("/mpu/create"));
        Assert.Single(run.Server.Requests, request => request.Path.Contains("/mpu/abort"));
        Assert.DoesNotContain(run.Server.Requests, request => request.Path.Contains("/presigned/"));
        Assert.Equal(File.ReadAllBytes(a.Source.Location), File.ReadAllBytes(Path.Combine(run.Destination, "a")));
        Assert.Equal(0, run.Server.UnfinishedUploads);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(503)]
    public async Task A_bucket_that_refuses_parts_is_left_and_nothing_stays_in_it(int status)
    {
        await using TransferFixture run = await OpenAsync();
        run.Server.Faults.Add("PUT", "/bucket/*", Refusal(status), times: 1000);
        ArtifactUpload a = run.File("a", Length);
        long counted = 0;
        Assert.Equal(["a Sent"], await run.SendAsync([a], progress: progress => Interlocked.Exchange(ref counted, progress.BytesSent)));
        Assert.Equal(["b Sent"], await run.SendAsync([run.File("b", Length)]));

        Assert.Contains("not from here", Assert.Single(run.Warnings));
        Assert.DoesNotContain("signature", run.Warnings[0]);
        Assert.Equal(Length, counted);
        Assert.Equal(0, run.Server.UnfinishedUploads);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(run.Folder, "sent"), "*.parts"));
        Assert.Equal(File.ReadAllBytes(a.Source.Location), run.Server.ArtifactsOf(run.Run.RunId)["a"].Bytes);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(503)]
    public async Task A_bucket_that_gives_nothing_is_left_and_the_file_comes_through_the_server(int status)
    {
        await using TransferFixture run = await OpenAsync();
        ArtifactUpload a = run.File("a", Length);
        await run.SendAsync([a]);
        run.Server.Faults.Add("GET", "/bucket/*", Refusal(status), times: 1000);
        Assert.Equal(["a Received"], await run.ReceiveAsync());
        Assert.Contains("not from here", Assert.Single(run.Warnings));
        Assert.Equal(["a"], run.Received());
        Assert.Equal(File.ReadAllBytes(a.Source.Location), File.ReadAllBytes(Path.Combine(run.Destination, "a")));
    }

    [Theory]
    [InlineData("https://server", "http://bucket.example.com/key?sig=abcdefgh", true)]
    [InlineData("https://server", "http://127.0.0.1:9000/key?sig=abcdefgh", false)]
    [InlineData("https://server", "https://bucket.example.com/key?sig=abcdefgh", false)]
    [InlineData("http://server", "http://bucket.example.com/key?sig=abcdefgh", false)]
    public void A_url_without_tls_from_a_server_with_it_is_refused(string server, string url, bool isRefused)
    {
        var answer = System.Text.Json.JsonSerializer.SerializeToElement(new { url });
        if (!isRefused)
        {
            Assert.Equal(url, PresignedUrl.Read(answer, "url", new Uri(server)).Url);
            return;
        }

        var failure = Assert.Throws<MlflowException>(() => PresignedUrl.Read(answer, "url", new Uri(server)));
        Assert.Equal(ErrorKind.UriUnsupported, failure.Kind);
        Assert.DoesNotContain("abcdefgh", failure.ToString());
    }

    private static Fault Refusal(int status) =>
        Faults.Answer(status, "<Error><Code>AccessDenied</Code><Message>not from here</Message></Error>", "application/xml");

    private static Task<TransferFixture> OpenAsync(
        string version = "3.17",
        Func<MultipartOptions, MultipartOptions>? multipart = null,
        Func<TrackingServerOptions, TrackingServerOptions>? change = null,
        PresignedUse presigned = PresignedUse.Auto) => TransferFixture.OpenAsync(
        version,
        change: options => (change?.Invoke(options) ?? options) with { HasBucket = true, Token = "a-token" },
        multipart: options => (options with { ThroughServer = null, RangedFileBytes = 1_000_000, RangeBytes = 100_000 }) is var direct
            ? multipart?.Invoke(direct) ?? direct
            : direct,
        presigned: presigned);

    private static bool IsInfo(RecordedRequest request) => request.Path.EndsWith("/server-info", StringComparison.Ordinal);

    private static IEnumerable<RecordedRequest> OfBucket(TransferFixture run) =>
        run.Server.Requests.Where(request => request.Path.StartsWith("/bucket/", StringComparison.Ordinal));
}
