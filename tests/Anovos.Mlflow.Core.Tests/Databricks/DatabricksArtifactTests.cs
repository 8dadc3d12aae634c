using System.Security.Cryptography;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Artifacts;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests artifacts of a workspace: the Files API, presigned URLs of every type, volumes and DBFS.</summary>
public sealed class DatabricksArtifactTests : IAsyncDisposable
{
    private const int Length = 1_050_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
    private readonly List<RetryNotice> _retries = [];
    private TrackingServer _server = null!;
    private RestStore _store = null!;
    private Run _run = null!;
    private IArtifactStore _artifacts = null!;

    public static TheoryData<CloudKind> Clouds => [.. Enum.GetValues<CloudKind>()];

    public async ValueTask DisposeAsync()
    {
        _artifacts?.Dispose();
        _store?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Clouds))]
    public async Task Files_small_and_large_go_to_the_storage_and_come_back(CloudKind cloud)
    {
        await OpenAsync(new() { Cloud = cloud });
        ArtifactUpload[] uploads = [File("a.txt", 10), File("b c/größe +%.bin", 999_999), File("empty", 0), File("d/large", Length)];

        Assert.All(await SendAsync(uploads), result => Assert.Null(result.Error));

        Assert.Equal(0, _server.Workspace!.UnfinishedFiles);
        Assert.Equal(["a.txt", "b c", "d", "empty"], (await _artifacts.ListAsync("", default)).Select(entry => entry.ArtifactPath).Order(StringComparer.Ordinal));
        Assert.Equal(Length, Assert.Single(await _artifacts.ListAsync("d", default)).Length);
        Assert.Empty(await _artifacts.ListAsync("a.txt", default));
        foreach (ArtifactUpload upload in uploads)
            Assert.Equal(HashOf(upload), await ReceiveAsync(upload.ArtifactPath));
        Assert.Equal(ErrorKind.ArtifactNotFound, (await Assert.ThrowsAsync<MlflowException>(() => ReceiveAsync("nothing"))).Kind);
        Assert.All(_server.Requests.Where(IsForStorage), request => Assert.False(request.Headers.ContainsKey("Authorization")));
    }

    [Fact]
    public async Task Artifacts_of_a_workspace_are_not_removed_and_the_error_says_what_to_do()
    {
        await OpenAsync(new());
        int before = _server.Requests.Count;

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => _artifacts.DeleteAsync("a", default));

        Assert.Equal(ErrorKind.ArtifactRemovalFailed, e.Kind);
        Assert.Contains("Remove-MlflowRun", e.Message);
        Assert.Equal(before, _server.Requests.Count);
    }

    [Fact]
    public async Task The_Files_API_comes_first_where_the_workspace_serves_it()
    {
        await OpenAsync(new() { ServesRunFiles = true });
        ArtifactUpload[] uploads = [File("a b/größe +%.txt", 10), File("b", 0), File("c", 20), File("d", 30)];
        Assert.All(await SendAsync(uploads), result => Assert.Null(result.Error));
        Assert.DoesNotContain(_server.Requests, request => request.Path.Contains("credentials-for") || IsForStorage(request));
        Assert.Equal(["a b", "b", "c", "d"], (await _artifacts.ListAsync("", default)).Select(entry => entry.ArtifactPath).Order());
        Assert.Equal(HashOf(uploads[0]), await ReceiveAsync("a b/größe +%.txt"));
        Assert.Empty(await _artifacts.ListAsync("nothing", default));
        Assert.Equal(ErrorKind.ArtifactNotFound, (await Assert.ThrowsAsync<MlflowException>(() => ReceiveAsync("nothing"))).Kind);
    }

    [Fact]
    public async Task Where_the_Files_API_is_refused_it_is_asked_once_and_permissions_come_in_batches()
    {
        await OpenAsync(new());
        ArtifactUpload[] uploads = [.. Enumerable.Range(0, 2500).Select(i => File($"{i:D4}", 1))];

        // The first request detects it.
        Assert.Null(Assert.Single(await SendAsync(uploads[..1])).Error);
        Assert.All(await SendAsync(uploads[1..], parallelism: 8), result => Assert.Null(result.Error));

        Assert.Single(_server.Requests, request => request.Path.Contains("/fs/files/"));
        int[] asked = [.. _server.Requests.Where(request => request.Path.EndsWith("credentials-for-write", StringComparison.Ordinal)).Select(request => JsonDocument.Parse(request.Body).RootElement.GetProperty("path").GetArrayLength())];
        Assert.Equal([1, 2000, 2000, 499, 499], asked); // two pages each
    }

    [Theory]
    [MemberData(nameof(Clouds))]
    public async Task A_permission_that_expires_in_the_middle_of_a_file_is_fetched_anew(CloudKind cloud)
    {
        await OpenAsync(new() { Cloud = cloud });
        int requests = 0;
        for (int i = 0; i < 30; i++)
        {
            _server.Faults.Add("P*", "/storage/*", (_, handle) =>
            {
                if (Interlocked.Increment(ref requests) == (cloud == CloudKind.Google ? 1 : 6))
                    _server.Workspace!.ExpireAddresses();
                return handle();
            });
        }

        ArtifactUpload file = File("large", Length);
        Assert.Null(Assert.Single(await SendAsync([file])).Error);

        Assert.Contains(_server.Requests, request => IsForStorage(request) && request.Status == 403);
        _server.Workspace!.ExpireAddresses();
        Assert.Equal(HashOf(file), await ReceiveAsync("large"));
        Assert.Empty(_retries);
    }

    [Theory]
    [MemberData(nameof(Clouds))]
    public async Task A_session_of_the_storage_that_expired_is_a_400_and_a_new_address_is_fetched(CloudKind cloud)
    {
        await OpenAsync(new() { Cloud = cloud });
        const string Answer = "<?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error>";
        Fault expired = Faults.Answer(400, Answer, "application/xml");
        _server.Faults.Add("P*", "/storage/*", expired);
        ArtifactUpload[] files = [File("large", Length), File("small", 10)];
        Assert.Null(Assert.Single(await SendAsync([files[0]])).Error);
        _server.Faults.Add("P*", "/storage/*", expired);
        Assert.Null(Assert.Single(await SendAsync([files[1]])).Error);

        _server.Faults.Add("GET", "/storage/*", expired, times: 1);
        Assert.Equal(HashOf(files[0]), await ReceiveAsync("large"));
        Assert.Equal(HashOf(files[1]), await ReceiveAsync("small"));
        Assert.Equal(0, _server.Faults.Pending);
    }

    [Theory]
    [MemberData(nameof(Clouds))]
    public async Task Every_header_that_comes_with_an_address_is_sent_with_each_request_to_it(CloudKind cloud)
    {
        Dictionary<string, string> headers = new()
        {
            ["x-ms-encryption-scope"] = "scope",
            ["x-amz-server-side-encryption"] = "aws:kms",
            ["X-Databricks-Storage"] = "of the workspace",
        };
        await OpenAsync(new() { Cloud = cloud, SignedHeaders = headers });
        ArtifactUpload[] files = [File("large", Length), File("small", 10), File("empty", 0)];
        Assert.All(await SendAsync(files), result => Assert.Null(result.Error));
        foreach (ArtifactUpload file in files)
            Assert.Equal(HashOf(file), await ReceiveAsync(file.ArtifactPath));
        Assert.DoesNotContain(_server.Requests.Where(IsForStorage), request => request.Status >= 400);
    }

    [Theory]
    [InlineData(CloudKind.AzureBlob, false)]
    [InlineData(CloudKind.AzureDataLake, false)]
    [InlineData(CloudKind.Aws, false)]
    [InlineData(CloudKind.Google, false)]
    [InlineData(CloudKind.Aws, true)]
    public async Task A_logged_model_has_its_own_endpoints(CloudKind cloud, bool servesFiles)
    {
        await OpenAsync(new() { Cloud = cloud, ServesRunFiles = servesFiles });
        LoggedModel model = await new RestLoggedModels(_store).CreateAsync(
            new NewLoggedModel(_run.ExperimentId, "model") { RunId = _run.RunId }, default);
        Assert.Contains($"/logged_models/{model.ModelId}/artifacts", model.ArtifactUri);
        _artifacts.Dispose();
        _artifacts = ArtifactStores.Open(new Run { RunId = "", ExperimentId = "", ArtifactUri = model.ArtifactUri }, _store);
        ArtifactUpload[] files = [File("MLmodel", 10), File("data/größe +%.bin", Length), File("data/empty", 0)];
        Assert.All(await SendAsync(files), result => Assert.Null(result.Error));
        IReadOnlyList<Artifact> listed = await _artifacts.ListAsync("", default);
        Assert.Equal(["MLmodel", "data"], listed.Select(entry => entry.ArtifactPath).Order(StringComparer.Ordinal));
        Assert.Equal(2, (await _artifacts.ListAsync("data", default)).Count);
        foreach (ArtifactUpload file in files)
            Assert.Equal(HashOf(file), await ReceiveAsync(file.ArtifactPath));
        string[] credentials = [.. _server.Requests.Select(request => request.Path).Where(path => path.Contains("credentials-for")).Distinct()];
        Assert.All(credentials, path => Assert.StartsWith($"/api/2.0/mlflow/logged-models/{model.ModelId}/artifacts/credentials-for-", path));
    }

    [Fact]
    public async Task A_file_is_sent_once_more_with_a_new_token_and_counted_once()
    {
        await OpenAsync(new() { ServesRunFiles = true }, renewable: true);
        _server.Faults.Add("PUT", "*/fs/files/*", async (context, handle) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            await Faults.Answer(403, """{"error_code": 403, "message": "JWT has expired"}""")(context, handle);
        });
        ArtifactUpload file = File("a.bin", 500_000);
        List<long> moved = [];
        ArtifactContent? content = await _artifacts.SendAsync(file.Source, file.ArtifactPath, bytes => moved.Add(bytes), default);

        Assert.Equal((500_000, 500_000), (content!.Length, moved.Sum()));
        Assert.Equal(HashOf(file), await ReceiveAsync("a.bin"));
        Assert.Equal(2, _server.Requests.Count(request => request.Method == "PUT"));
    }

    [Theory]
    [InlineData(CloudKind.AzureBlob)]
    [InlineData(CloudKind.AzureDataLake)]
    [InlineData(CloudKind.Aws)]
    public async Task A_part_that_fails_is_sent_again_alone_and_an_interrupted_file_goes_on(CloudKind cloud)
    {
        await OpenAsync(new() { Cloud = cloud });
        ArtifactUpload file = File("large", Length);
        int parts = 0;
        for (int i = 0; i < 100; i++)
            _server.Faults.Add("P*", "/storage/*", (context, handle) => context.Request.ContentLength == 50_000 && Interlocked.Increment(ref parts) <= 3 ? FailAsync(context, handle) : handle());

        Assert.NotNull(Assert.Single(await SendAsync([file])).Error);
        int before = PartsTaken();
        string record = Assert.Single(Directory.EnumerateFiles(Path.Combine(_folder, "sent"), "*.parts"));
        Assert.DoesNotMatch("(?i)http|sig|storage", System.IO.File.ReadAllText(record));
        Assert.Null(Assert.Single(await SendAsync([file])).Error);

        Assert.Equal(11, PartsTaken());
        Assert.Equal(10, before);
        Assert.Equal(HashOf(file), await ReceiveAsync("large"));

        // A part that is on its way when the upload fails would be sent again.
        async Task FailAsync(HttpContext context, Func<Task> handle)
        {
            while (PartsTaken() < 10)
                await Task.Delay(10, context.RequestAborted);
            await Faults.Unavailable()(context, handle);
        }

        int PartsTaken() => _server.Requests.Count(request => IsForStorage(request) && request.Status is 200 or 201 && request.Headers.TryGetValue("Content-Length", out string? length) && length is "100000" or "50000");
    }

    [Fact]
    public async Task A_storage_that_refuses_a_fresh_permission_is_named_and_its_signature_is_not()
    {
        await OpenAsync(new());
        _server.Faults.Add("PUT", "/storage/*", Faults.Answer(403, "<?xml version=\"1.0\"?><Error><Code>AuthorizationFailure</Code><Message>not from this network</Message></Error>", "application/xml"), times: 100);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => SendAsync([File("a", 10)]));
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains("not from this network", e.Message);
        Assert.Contains("firewall", e.Message);
        Assert.DoesNotContain("sig=", e.ToString());
        Assert.Equal(2, _server.Requests.Count(IsForStorage));
    }

    [Fact]
    public async Task A_volume_is_written_through_the_Files_API()
    {
        await OpenAsync(new(), location: "dbfs:/Volumes/main/default/results/churn");
        ArtifactUpload file = File("a b/c.txt", 10);
        Assert.Null(Assert.Single(await SendAsync([file])).Error);
        Assert.Equal(HashOf(file), await ReceiveAsync("a b/c.txt"));
        Assert.Equal("a b/c.txt", Assert.Single(await _artifacts.ListAsync("a b", default)).ArtifactPath);
        Assert.Empty(await _artifacts.ListAsync("nothing", default));
        Assert.Contains(_server.Requests, request => request.Method == "PUT" && request.Path.StartsWith("/api/2.0/fs/files/Volumes/main/default/results/churn/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("dbfs:/FileStore/churn")]
    [InlineData("dbfs://profile@databricks/FileStore/churn")]
    public async Task DBFS_is_written_in_blocks_below_the_limit_where_it_is_not_mounted(string location)
    {
        await OpenAsync(new(), location);
        ArtifactUpload[] files = [File("a b/größe.bin", 2_500_000), File("empty", 0)];
        _server.Faults.Add("POST", "/api/2.0/dbfs/add-block", Faults.CloseAfter);
        Assert.All(await SendAsync(files), result => Assert.Null(result.Error));
        Assert.Equal(HashOf(files[0]), await ReceiveAsync("a b/größe.bin"));
        Assert.Equal(HashOf(files[1]), await ReceiveAsync("empty"));
        Assert.Equal(("a b/größe.bin", 2_500_000L), Assert.Single(await _artifacts.ListAsync("a b", default)) is var entry ? (entry.ArtifactPath, entry.Length!.Value) : default);
        Assert.Empty(await _artifacts.ListAsync("empty", default));
        Assert.Empty(await _artifacts.ListAsync("nothing", default));
        Assert.Single(_retries);
    }

    [Theory]
    [InlineData("dbfs:/FileStore/churn", "/api/2.0/dbfs/read", """{"data": "%%%"}""")]
    [InlineData("dbfs:/FileStore/churn", "/api/2.0/dbfs/read", """{"data": 7}""")]
    [InlineData("dbfs:/Volumes/main/default/results", "/api/2.0/fs/directories/*", """{"contents": 7}""")]
    [InlineData("dbfs:/Volumes/main/default/results", "/api/2.0/fs/directories/*", """{"contents": [{"name": "a", "file_size": "soon"}]}""")]
    public async Task An_answer_of_another_shape_is_an_error_that_says_so(string location, string path, string answer)
    {
        await OpenAsync(new(), location);
        await SendAsync([File("a", 10)]);
        _server.Faults.Add("GET", path, Faults.Answer(200, answer));
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => path.EndsWith("read", StringComparison.Ordinal) ? ReceiveAsync("a") : _artifacts.ListAsync("", TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.NotAnMlflowServer, e.Kind);
    }

    [Fact]
    public async Task DBFS_is_a_folder_where_it_is_mounted()
    {
        await OpenAsync(new(), location: "dbfs:/FileStore/churn");
        using IArtifactStore mounted = DbfsRoots.Open(_store.Api, _run, _folder);
        await mounted.SendAsync(File("a", 10).File, "a", _ => { }, default);
        Assert.Equal(10, new FileInfo(Path.Combine(_folder, "FileStore/churn", _run.ExperimentId is "" ? "" : new Uri(_run.ArtifactUri).AbsolutePath.Split("churn/")[1], "a")).Length);
    }

    [Theory]
    [InlineData("dbfs:/../../etc")]
    [InlineData("dbfs:/FileStore/%2e%2e/%2e%2e/etc")]
    public void A_root_that_climbs_is_refused(string root)
    {
        using var api = new RestApi(new Uri("http://127.0.0.1:9/"), new ConnectionOptions());
        Run run = new() { RunId = "r", ExperimentId = "1", ArtifactUri = root };
        Assert.Equal(ErrorKind.ArtifactPathInvalid, Assert.Throws<MlflowException>(() => DbfsRoots.Open(api, run, "/dbfs")).Kind);
    }

    private static bool IsForStorage(RecordedRequest request) => request.Path.StartsWith("/storage/", StringComparison.Ordinal);

    private static string HashOf(ArtifactUpload upload) => Convert.ToHexStringLower(SHA256.HashData(System.IO.File.ReadAllBytes(upload.File.FullName)));

    private async Task OpenAsync(WorkspaceOptions workspace, string? location = null, bool renewable = false)
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = workspace });
        Variables environment = new() { ["DATABRICKS_HOST"] = _server.Uri.ToString(), ["DATABRICKS_TOKEN"] = workspace.PersonalToken };
        if (renewable)
            (environment["DATABRICKS_TOKEN"], environment["DATABRICKS_CLIENT_ID"], environment["DATABRICKS_CLIENT_SECRET"]) = (null,
                workspace.ClientId, workspace.ClientSecret);
        TrackingTarget target = TrackingTarget.Parse("databricks", "/");
        ConnectionOptions options = target.Complete(ConnectionOptions.FromEnvironment(environment.Read, home: null), environment.Read, home: null) with
        {
            Retry = new RetryPolicy { MaxRetries = 2, BackoffFactor = 0.001, Jitter = 0.001 },
            Multipart = new MultipartOptions { MinimumFileBytes = 1_000_000, PartBytes = 100_000, RecordsFolder = Path.Combine(_folder, "sent") },
        };
        _store = (RestStore)TrackingStores.Open(target, options, _retries.Adder());
        string experiment = await _store.CreateExperimentAsync(new NewExperiment("/Shared/churn") { ArtifactLocation = location }, default);
        _run = await _store.CreateRunAsync(new NewRun(experiment, null, "tester", 1), default);
        _artifacts = ArtifactStores.Open(_run, _store);
    }

    private ArtifactUpload File(string artifactPath, int length)
    {
        string path = Path.Combine(_folder, "files", artifactPath.Replace('/', '_'));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(length));
        return new ArtifactUpload(new FileInfo(path), artifactPath);
    }

    private async Task<List<ArtifactUploaded>> SendAsync(ArtifactUpload[] uploads, int parallelism = 4)
    {
        List<ArtifactUploaded> results = [];
        await new ArtifactTransfer(_artifacts, parallelism).SendAsync(
            uploads,
            result =>
            {
                lock (results)
                    results.Add(result);
            },
            _ => { },
            TestContext.Current.CancellationToken);
        return results;
    }

    private async Task<string> ReceiveAsync(string path)
    {
        using var target = new MemoryStream();
        await _artifacts.ReceiveAsync(path, target, _ => { }, TestContext.Current.CancellationToken);
        return Convert.ToHexStringLower(SHA256.HashData(target.ToArray()));
    }
}
