using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.TestServer;

public class TrackingServerTests
{
    private const string Api = "api/2.0/mlflow/";

    [Fact]
    public async Task After_a_field_that_cannot_be_parsed_a_batch_loses_the_rest_in_silence()
    {
        await using var server = await TrackingServer.StartAsync();
        using var client = Client(server);
        string run = await CreateRunAsync(client);

        using var body = new StringContent($$"""
            {"run_id": "{{run}}", "tags": [{"key": "t", "value": "1"}],
             "metrics": [{"key": "a", "value": 1, "timestamp": 5}, {"key": "b", "value": NaN, "timestamp": 5},
                         {"key": "c", "value": 2, "timestamp": 5}],
             "params": [{"key": "p", "value": "1"}]}
            """, mediaType: new("application/json"));
        var answer = await client.PostAsync(Api + "runs/log-batch", body);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var stored = server.Runs.Single();
        Assert.Equal([new("a", 1, 5, 0), new("b", 0, 0, 0)], stored.Metrics);
        Assert.Empty(stored.Params);
        Assert.Equal("1", stored.Tags["t"]);
    }

    [Theory]
    [InlineData(MlflowVersion.V2_17, 3)]
    [InlineData(MlflowVersion.V3_11, 0)]
    [InlineData(MlflowVersion.V3_17, 3)]
    public async Task A_chunked_upload_is_stored_empty_by_3_11(MlflowVersion version, int expected)
    {
        await using var server = await TrackingServer.StartAsync(new() { Version = version });
        using var client = Client(server);
        using var request = new HttpRequestMessage(HttpMethod.Put, "api/2.0/mlflow-artifacts/artifacts/1/a.bin");
        request.Content = new ByteArrayContent([1, 2, 3]);
        request.Headers.TransferEncodingChunked = true;

        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(request)).StatusCode);
        Assert.Equal(expected, server.Artifacts["1/a.bin"].Length);
    }

    [Fact]
    public async Task An_upload_is_there_with_its_bytes_and_their_hash()
    {
        await using var server = await TrackingServer.StartAsync(new() { PathPrefix = "/mlflow" });
        using var client = Client(server);
        string run = await CreateRunAsync(client);
        byte[] bytes = RandomNumberGenerator.GetBytes(300_000);

        await client.PutAsync($"api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/d/x%20y.bin", new ByteArrayContent(bytes));

        var artifact = server.ArtifactsOf(run)["d/x y.bin"];
        Assert.Equal(bytes, artifact.Bytes);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), artifact.Sha256);
        Assert.Equal(bytes.Length, server.Requests[^1].BodyLength);
        Assert.Equal(bytes, await client.GetByteArrayAsync($"api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/d/x%20y.bin"));
    }

    [Theory]
    [InlineData("bytes=1-2", 206, "bytes 1-2/3", "bc")]
    [InlineData("bytes=1-", 206, "bytes 1-2/3", "bc")]
    [InlineData("bytes=3-", 416, "bytes */3", "")]
    public async Task A_range_of_an_artifact_comes_from_3_17(string range, int status, string contentRange, string expected)
    {
        await using var server = await TrackingServer.StartAsync(new() { Version = MlflowVersion.V3_17 });
        using var client = Client(server);
        await client.PutAsync("api/2.0/mlflow-artifacts/artifacts/1/a", new ByteArrayContent("abc"u8.ToArray()));
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/2.0/mlflow-artifacts/artifacts/1/a");
        request.Headers.TryAddWithoutValidation("Range", range);

        using var response = await client.SendAsync(request);

        Assert.Equal((status, contentRange), ((int)response.StatusCode, response.Content.Headers.ContentRange?.ToString()));
        Assert.Equal(expected, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_presigned_url_gives_the_artifact_and_takes_no_other_credentials()
    {
        await using var server = await TrackingServer.StartAsync(new() { Version = MlflowVersion.V3_17, HasBucket = true });
        using var client = Client(server);
        await client.PutAsync("api/2.0/mlflow-artifacts/artifacts/1/a%20b.txt", new ByteArrayContent("abc"u8.ToArray()));

        var presigned = await client.GetFromJsonAsync<JsonElement>("api/2.0/mlflow-artifacts/presigned/1/a%20b.txt");
        var url = new Uri(presigned.GetProperty("url").GetString()!);

        Assert.Equal(3, presigned.GetProperty("file_size").GetInt64());
        Assert.Equal("abc", await client.GetStringAsync(url));
        var forged = new Uri(url.AbsoluteUri.Replace("signature=", "signature=0", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(forged)).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(url)).StatusCode);
    }

    [Theory]
    [InlineData(MlflowVersion.V2_17, HttpStatusCode.NotFound)]
    [InlineData(MlflowVersion.V3_11, HttpStatusCode.OK)]
    public async Task Server_info_came_with_3_10(MlflowVersion version, HttpStatusCode expected)
    {
        await using var server = await TrackingServer.StartAsync(new() { Version = version });
        using var client = Client(server);
        Assert.Equal(expected, (await client.GetAsync("api/3.0/mlflow/server-info")).StatusCode);
    }

    [Fact]
    public async Task With_a_file_root_the_client_writes_and_the_server_lists()
    {
        await using var server = await TrackingServer.StartAsync(new() { ArtifactRoot = ArtifactRootKind.File });
        using var client = Client(server);
        string run = await CreateRunAsync(client);
        string folder = new Uri(server.Runs.Single().ArtifactUri).LocalPath;
        Assert.StartsWith(server.ArtifactFolder!, folder);
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "a.txt"), "x");

        var list = await client.GetFromJsonAsync<JsonElement>(Api + "artifacts/list?run_id=" + run);

        Assert.Equal("a.txt", list.GetProperty("files")[0].GetProperty("path").GetString());
        Assert.Equal("x"u8.ToArray(), server.ArtifactsOf(run)["a.txt"].Bytes);
    }

    [Fact]
    public async Task A_fault_happens_as_often_as_it_was_asked_for()
    {
        await using var server = await TrackingServer.StartAsync();
        using var client = Client(server);
        server.Faults.Add("POST", "*/runs/create", Faults.Unavailable(retryAfter: 2), times: 2);

        for (int i = 0; i < 2; i++)
        {
            var answer = await PostAsync(client, Api + "runs/create", new { experiment_id = "0" });
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter!.Delta);
        }

        Assert.Equal(0, server.Faults.Pending);
        Assert.Empty(server.Runs);
        await CreateRunAsync(client);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_connection_closes_before_the_request_is_handled_or_after()
    {
        await using var server = await TrackingServer.StartAsync();
        using var client = Client(server);
        server.Faults.Add("*", "*/runs/create", Faults.CloseBefore);
        server.Faults.Add("*", "*/runs/create", Faults.CloseAfter);

        await Assert.ThrowsAsync<HttpRequestException>(() => CreateRunAsync(client));
        Assert.Empty(server.Runs);
        await Assert.ThrowsAsync<HttpRequestException>(() => CreateRunAsync(client));
        Assert.Single(server.Runs);
        Assert.Equal([0, 200], server.Requests.Select(request => request.Status));
    }

    [Fact]
    public async Task An_answer_is_cut_short_or_never_ends_or_leads_elsewhere()
    {
        await using var server = await TrackingServer.StartAsync();
        using var client = Client(server);
        server.Faults.Add("*", "*/runs/create", Faults.Truncate(10));
        await Assert.ThrowsAsync<HttpRequestException>(() => CreateRunAsync(client));
        Assert.Single(server.Runs);

        server.Faults.Add("*", "/version", Faults.Endless);
        using var answer = await client.GetAsync("version", HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[1_000_000]);

        server.Faults.Add("*", "/version", Faults.Redirect(new("http://elsewhere.invalid/version")));
        Assert.Equal("elsewhere.invalid", (await client.GetAsync("version")).Headers.Location!.Host);
        server.Faults.Add("*", "/version", Faults.ProxyPage());
        Assert.Contains("nginx", await (await client.GetAsync("version")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        server.Faults.Add("*", "/version", Faults.Delay(TimeSpan.FromMilliseconds(1)));
        Assert.Equal("3.11.2.dev0", await client.GetStringAsync("version"));
    }

    [Fact]
    public async Task A_held_request_does_not_hold_the_end_of_a_test()
    {
        Task<HttpResponseMessage> held;
        using (var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }))
        {
            await using (var server = await TrackingServer.StartAsync())
            {
                server.Faults.Add("*", "/version", Faults.Delay(Timeout.InfiniteTimeSpan));
                held = client.GetAsync(new Uri(server.Uri, "version"));
                while (server.Requests.Count == 0)
                    await Task.Delay(5);
            }

            await Assert.ThrowsAsync<HttpRequestException>(() => held.WaitAsync(TimeSpan.FromSeconds(5)));
        }
    }

    [Fact]
    public async Task TLS_asks_for_trust_and_for_a_client_certificate()
    {
        await using var server = await TrackingServer.StartAsync(new() { UseTls = true, RequireClientCertificate = true });
        using var trusted = X509Certificate2.CreateFromPem(server.CertificatePem);
        using var fromPem = X509Certificate2.CreateFromPem(server.ClientCertificatePem, server.ClientCertificatePem);
        using var own = X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pfx), null);
        using var stranger = Client(server);
        await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetAsync("version"));

        using var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { trusted },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        using var anonymous = new HttpClient(handler, disposeHandler: false);
        await Assert.ThrowsAsync<HttpRequestException>(() => anonymous.GetAsync(server.Uri));

        using var known = new SocketsHttpHandler { UseProxy = false };
        known.SslOptions.CertificateChainPolicy = handler.SslOptions.CertificateChainPolicy;
        known.SslOptions.ClientCertificates = [own];
        using var client = new HttpClient(known);
        Assert.Equal("OK", await client.GetStringAsync(new Uri(server.Uri, "health")));
    }

    [Fact]
    public async Task A_token_is_asked_for_and_so_is_a_known_host()
    {
        await using var server = await TrackingServer.StartAsync(new() { Token = "secret" });
        using var client = Client(server);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(Api + "experiments/get?experiment_id=0")).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Api + "experiments/get?experiment_id=0")).StatusCode);
        client.DefaultRequestHeaders.Host = "tracking.example.com";
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(Api + "experiments/get?experiment_id=0")).StatusCode);
    }

    [Theory]
    [InlineData("tags.`anovos.key` = 'a'", 1)]
    [InlineData("tags.\"anovos.key\" ILIKE 'A%' AND params.p = 'x and y'", 1)]
    [InlineData("metrics.m >= 2 and status = 'RUNNING'", 2)]
    [InlineData("metrics.m < -1", 0)]
    public async Task Runs_are_found_by_simple_filters(string filter, int expected)
    {
        await using var server = await TrackingServer.StartAsync();
        using var client = Client(server);
        object[] values = [new { key = "m", value = 2.0, timestamp = 1 }];
        await PostAsync(client, Api + "runs/log-batch", new { run_id = await CreateRunAsync(client), metrics = values });
        await PostAsync(client, Api + "runs/log-batch", new
        {
            run_id = await CreateRunAsync(client),
            metrics = values,
            @params = new[] { new { key = "p", value = "x and y" } },
            tags = new[] { new { key = "anovos.key", value = "a" } },
        });

        var answer = await PostAsync(client, Api + "runs/search", new { experiment_ids = new[] { "0" }, filter });

        var found = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(expected, found.TryGetProperty("runs", out var runs) ? runs.GetArrayLength() : 0);
    }

    private static HttpClient Client(TrackingServer server) =>
        new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(server.Uri.ToString().TrimEnd('/') + "/"),
        };

    // HttpClient's own PostAsJsonAsync sends chunks, which 3.11 loses.
    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, object body) =>
        client.PostAsync(path, new StringContent(JsonSerializer.Serialize(body), mediaType: new("application/json")));

    private static async Task<string> CreateRunAsync(HttpClient client)
    {
        var answer = await PostAsync(client, Api + "runs/create", new { experiment_id = "0" });
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return json.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
    }
}
