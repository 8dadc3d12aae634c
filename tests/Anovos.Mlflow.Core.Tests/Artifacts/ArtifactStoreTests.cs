using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Cloud;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Sending and listing, with every kind of artifact root.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class ArtifactStoreTests : IAsyncLifetime
{
    private static readonly string[] Names = ["a.txt", "b c.txt", "50%.csv", "a+b.csv", "größe 世.txt", "q?.txt", "x:y", "quote\".txt", "_SUCCESS", "..hidden"];

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
    private readonly List<IAsyncDisposable> _servers = [];

    public static TheoryData<string> Roots =>
        new("directory", "2.17", "3.11", "3.17", "file root", "real server", "s3", "azure", "gcs", "s3rver", "azurite");

    [Theory]
    [MemberData(nameof(Roots))]
    public async Task Files_of_any_name_arrive_byte_for_byte_and_are_listed(string root)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the names are not all allowed on Windows");
        (ITrackingStore store, Run run) = await OpenAsync(root);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        ArtifactUpload[] uploads = [.. Names.Select((name, i) => new ArtifactUpload(Create($"{i}", i == 8 ? 0 : 100 + i), $"data/{name}"))];

        List<ArtifactUploaded> results = await Uploads.SendAsync(artifacts, uploads);

        Assert.All(results, result => Assert.Null(result.Error));
        IReadOnlyList<Artifact> listed = await artifacts.ListAsync("data", default);
        Assert.Equal(uploads.Select(upload => (upload.ArtifactPath, (long?)upload.File.Length)).Order(), listed.Select(entry => (entry.ArtifactPath, entry.Length)).Order());
        Assert.Equal(["data"], (await artifacts.ListAsync("", default)).Where(entry => entry.IsDirectory).Select(entry => entry.ArtifactPath));
        Assert.Empty(await artifacts.ListAsync("nothing", default));
        if (_servers.FirstOrDefault() is TrackingServer server && root != "file root")
        {
            IEnumerable<string> stored = server.ArtifactsOf(run.RunId).Select(entry => entry.Value.Sha256);
            Assert.Equal(uploads.Select(upload => Hash(upload.File)).Order(), stored.Select(hash => hash.ToUpperInvariant()).Order());
        }
    }

    [Theory]
    [InlineData("a%20b.txt")]
    [InlineData("%2e%2e/x")]
    [InlineData("report?")]
    [InlineData("report;?")]
    [InlineData("a#b")]
    [InlineData("a\tb.csv")]
    [InlineData("a\nb.csv")]
    public async Task A_name_that_the_server_would_decode_into_another_one_is_refused(string path)
    {
        (ITrackingStore store, Run run) = await OpenAsync("3.11");
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        MlflowException e = Assert.IsType<MlflowException>(Assert.Single(await Uploads.SendAsync(artifacts, [new ArtifactUpload(Create("a", 1), path)])).Error);
        Assert.Equal(ErrorKind.ArtifactPathInvalid, e.Kind);
        Assert.Equal(ErrorKind.ArtifactPathInvalid, (await Assert.ThrowsAsync<MlflowException>(() => artifacts.DeleteAsync(path, default))).Kind);
        Assert.DoesNotContain(((TrackingServer)_servers[0]).Requests, request => request.Method == "DELETE");
    }

    [Fact]
    public async Task A_folder_is_received_and_removed_without_the_names_that_the_server_would_decode()
    {
        (ITrackingStore store, Run run) = await OpenAsync("3.11");
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        var server = (TrackingServer)_servers[0];
        string[] paths = ["d/a", "d/report", "d/report?", "d/ts=10%3A00/p", "d/ts=10:00/p", "d2/x", "e/a?", "e/b", "top?", "top"];
        foreach (string path in paths)
            await server.StoreAsync(run.RunId, path, System.Text.Encoding.UTF8.GetBytes(path));

        IReadOnlyList<ListedArtifact> files = await ArtifactTree.FilesAsync(artifacts, "d", 4, default);
        List<ArtifactReceived> received = [];
        var receiver = new ArtifactReceiver(artifacts, 1, overwrite: false);
        await receiver.ReceiveAsync(files, Path.Combine(_folder, "got"), received.Add, _ => { }, default);
        ILookup<bool, string> byOutcome = received.ToLookup(result => result.Error is null, result => result.Artifact.ArtifactPath);
        // Windows has no names with a colon.
        string[] possible = OperatingSystem.IsWindows() ? ["d/a", "d/report"] : ["d/a", "d/report", "d/ts=10:00/p"];
        Assert.Equal(possible, byOutcome[true]);
        Assert.All(
            received.Where(result => result.Error is null),
            result => Assert.Equal(result.Artifact.ArtifactPath, File.ReadAllText(result.Path)));
        Assert.Equal(["d/report?", "d/ts=10%3A00"], byOutcome[false].Where(path => path != "d/ts=10:00" || !OperatingSystem.IsWindows()));
        Assert.All(
            received.Where(result => result.Error is not null),
            result => Assert.Equal(ErrorKind.ArtifactPathInvalid, Assert.IsType<MlflowException>(result.Error).Kind));

        // Removing 'd' would also remove 'd2', so its files are removed one by one. 'e' is removed as a whole.
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => artifacts.DeleteAsync("d", default));
        Assert.Equal(ErrorKind.ArtifactPathInvalid, e.Kind);
        await artifacts.DeleteAsync("e", default);
        Assert.Equal(
            ["d/report?", "d/ts=10%3A00/p", "d2/x", "top", "top?"],
            server.ArtifactsOf(run.RunId).Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Roots))]
    public async Task A_file_is_removed_alone_and_a_folder_with_all_below_it(string root)
    {
        (ITrackingStore store, Run run) = await OpenAsync(root);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        string[] paths = ["a.txt", "d/b c+1.txt", "d/e/f.txt", "d2/x", "keep/größe 世.txt"];
        Assert.All(await Uploads.SendAsync(artifacts, [.. paths.Select((path, i) => new ArtifactUpload(Create($"{i}", 10 + i), path))]), result => Assert.Null(result.Error));

        await artifacts.DeleteAsync("a.txt", default);
        await artifacts.DeleteAsync("d", default);
        await artifacts.DeleteAsync("keep/größe 世.txt", default);
        await artifacts.DeleteAsync("nothing/there", default);

        Assert.Equal(["d2/x"], (await ArtifactTree.FilesAsync(artifacts, "", 4, default)).Select(file => file.ArtifactPath));
        await AssertRefused("", "..", "d2/../..", "/d2");

        async Task AssertRefused(params string[] refused)
        {
            foreach (string path in refused)
                Assert.Equal(ErrorKind.ArtifactPathInvalid, (await Assert.ThrowsAsync<MlflowException>(() => artifacts.DeleteAsync(path, default))).Kind);
            Assert.Single(await artifacts.ListAsync("d2", default));
        }
    }

    [Fact]
    public async Task A_link_in_a_folder_is_removed_and_not_what_it_leads_to()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a link needs rights of its own on Windows");
        (ITrackingStore store, Run run) = await OpenAsync("directory");
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        await Uploads.SendAsync(artifacts, [new ArtifactUpload(Create("a", 1), "d/a")]);
        Directory.CreateDirectory(Path.Combine(_folder, "elsewhere"));
        string elsewhere = Create("elsewhere/kept", 1).FullName, folder = Path.Combine(new Uri(run.ArtifactUri).LocalPath, "d");
        Directory.CreateSymbolicLink(Path.Combine(folder, "link"), Path.GetDirectoryName(elsewhere)!);

        await artifacts.DeleteAsync("d", default);

        Assert.False(Directory.Exists(folder));
        Assert.True(File.Exists(elsewhere));
    }

    [Fact]
    public async Task Every_upload_says_its_length()
    {
        (ITrackingStore store, Run run) = await OpenAsync("3.11");
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        await Uploads.SendAsync(artifacts, [new ArtifactUpload(Create("big", 3_000_000), "big"), new ArtifactUpload(Create("empty", 0), "empty")]);
        RecordedRequest[] puts = [.. ((TrackingServer)_servers[0]).Requests.Where(request => request.Method == "PUT")];
        Assert.Equal(["0", "3000000"], puts.Select(put => put.Headers["Content-Length"].ToString()).Order());
        Assert.All(puts, put => Assert.False(put.Headers.ContainsKey("Transfer-Encoding")));
    }

    [Fact]
    public async Task One_file_that_is_gone_and_one_that_is_refused_stop_no_other()
    {
        (ITrackingStore store, Run run) = await OpenAsync("3.11");
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        ArtifactUpload[] uploads = [.. Enumerable.Range(0, 20).Select(i => new ArtifactUpload(Create($"{i}", 10), i == 7 ? "a#b" : $"{i}"))];
        uploads[3].File.Delete();

        List<ArtifactUploaded> results = await Uploads.SendAsync(artifacts, uploads);

        Assert.Equal([uploads[3], uploads[7]], results.Where(result => result.Error is not null).Select(result => result.Upload).OrderBy(upload => Array.IndexOf(uploads, upload)));
        Assert.Equal(18, ((TrackingServer)_servers[0]).ArtifactsOf(run.RunId).Count());
    }

    [Fact]
    public async Task A_server_that_refuses_the_credentials_ends_the_transfer()
    {
        (ITrackingStore store, Run run) = await OpenAsync("3.11");
        ((TrackingServer)_servers[0]).Faults.Add("PUT", "*", Faults.Answer(401, "no", "text/plain"), times: 1000);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        ArtifactUpload[] uploads = [.. Enumerable.Range(0, 200).Select(i => new ArtifactUpload(Create($"{i}", 10), $"{i}"))];

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => Uploads.SendAsync(artifacts, uploads));

        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.InRange(((TrackingServer)_servers[0]).Requests.Count(request => request.Method == "PUT"), 1, 100);
    }

    [Fact]
    public async Task Progress_reaches_all_bytes_and_all_files()
    {
        (ITrackingStore store, Run run) = await OpenAsync("2.17");
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        ArtifactUpload[] uploads = [.. Enumerable.Range(0, 10).Select(i => new ArtifactUpload(Create($"{i}", 1000 * i), $"{i}"))];
        var progress = new System.Collections.Concurrent.ConcurrentBag<TransferProgress>();
        await new ArtifactTransfer(artifacts, 4).SendAsync(uploads, _ => { }, progress.Add, default);
        Assert.Equal((45_000, 10), (progress.Max(step => step.BytesSent), progress.Max(step => step.FilesSent)));
        Assert.All(progress, step => Assert.Equal((45_000, 10), (step.BytesTotal, step.FilesTotal)));
    }

    [Theory]
    [InlineData("viewfs://name/x", "--artifacts-destination viewfs:")]
    [InlineData("hdfs://name/x", "--artifacts-destination hdfs:")]
    public async Task A_root_that_is_not_spoken_here_says_what_to_do(string root, string advice)
    {
        (ITrackingStore store, Run run) = await OpenAsync("3.11");
        run = run with { ArtifactUri = root };
        MlflowException e = Assert.Throws<MlflowException>(() => ArtifactStores.Open(run with { RunId = "" }, store));
        Assert.Equal(ErrorKind.UriUnsupported, e.Kind);
        Assert.Contains(advice, e.Message);

        // A server might sign URLs for the run; this one does not report that it does.
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        e = await Assert.ThrowsAsync<MlflowException>(() => artifacts.ListAsync("", default));
        Assert.Equal(ErrorKind.UriUnsupported, e.Kind);
        Assert.Contains(advice, e.Message);
        Assert.Contains("as MLflow 3.15 and later do", e.Message);
    }

    [Theory]
    [InlineData("mlflow-artifacts:/2/abc/artifacts", "http://host:5000/mlflow/api/2.0/mlflow-artifacts/artifacts/2/abc/artifacts")]
    [InlineData("mlflow-artifacts://other:80/2/abc", "http://other/api/2.0/mlflow-artifacts/artifacts/2/abc")]
    public void A_proxied_root_is_an_address_under_the_server(string root, string expected) =>
        Assert.Equal(expected, ArtifactStores.ProxiedBase(root, new Uri("http://host:5000/mlflow/")).AbsoluteUri);

    [Fact]
    public async Task An_http_root_on_the_same_server_is_written_with_its_credentials()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Token = "t0ken" });
        using var store = new RestStore(server.Uri, new ConnectionOptions { Token = "t0ken" });
        Run run = await StartAsync(store);
        using IArtifactStore artifacts = ArtifactStores.Open(run with { ArtifactUri = HttpRoot(server, run) }, store);

        Assert.Null(Assert.Single(await Uploads.SendAsync(artifacts, [new ArtifactUpload(Create("a", 10), "x/a b.txt")])).Error);

        Assert.Equal(["x/a b.txt"], server.ArtifactsOf(run.RunId).Select(entry => entry.Key));
        Assert.Equal("x/a b.txt", Assert.Single(await artifacts.ListAsync("x", default)).ArtifactPath);
    }

    [Fact]
    public async Task An_http_root_on_another_host_gets_no_credentials_of_the_tracking_server()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Token = "t0ken" });
        await using TrackingServer other = await TrackingServer.StartAsync();
        using var store = new RestStore(server.Uri, new ConnectionOptions { Token = "t0ken" });
        Run run = await StartAsync(store);
        using IArtifactStore artifacts = ArtifactStores.Open(run with { ArtifactUri = HttpRoot(other, run) }, store);

        await Uploads.SendAsync(artifacts, [new ArtifactUpload(Create("a", 10), "a.txt")]);

        RecordedRequest put = Assert.Single(other.Requests);
        Assert.False(put.Headers.ContainsKey("Authorization"));
    }

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable server in _servers)
            await server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Hash(FileInfo file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file.FullName)));

    private FileInfo Create(string name, int length)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(length));
        return new FileInfo(path);
    }

    private async Task<(ITrackingStore Store, Run Run)> OpenAsync(string root)
    {
        ITrackingStore store;
        if (root == "directory")
        {
            store = new DirectoryStore(Path.Combine(_folder, "mlruns"));
        }
        else if (root is "s3" or "azure" or "gcs" or "s3rver" or "azurite")
        {
            CloudPlace place = await CloudPlace.OpenAsync(root);
            _servers.Add(place);
            place.UseInThisProcess();
            store = new DirectoryStore(Path.Combine(_folder, "mlruns"));
            return (store, await StartAsync(store, place.Uri));
        }
        else if (root == "real server")
        {
            string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_TRACKING_URI");
            Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_TRACKING_URI names no MLflow server");
            store = new RestStore(new Uri(uri!), new ConnectionOptions());
        }
        else
        {
            var options = new TrackingServerOptions
            {
                Version = root switch { "2.17" => MlflowVersion.V2_17, "3.17" => MlflowVersion.V3_17, _ => MlflowVersion.V3_11 },
                ArtifactRoot = root == "file root" ? ArtifactRootKind.File : ArtifactRootKind.Proxied,
            };
            TrackingServer server = await TrackingServer.StartAsync(options);
            _servers.Add(server);
            store = new RestStore(server.Uri, new ConnectionOptions());
        }

        return (store, await StartAsync(store));
    }

    private static async Task<Run> StartAsync(ITrackingStore store, string? location = null)
    {
        string id = await store.CreateExperimentAsync(new NewExperiment($"artifacts {Guid.NewGuid():N}", location), default);
        return await store.CreateRunAsync(new NewRun(id, null, "tester", 1), default);
    }

    private static string HttpRoot(TrackingServer server, Run run) =>
        $"{server.Uri.AbsoluteUri.TrimEnd('/')}/api/2.0/mlflow-artifacts/artifacts/{run.ExperimentId}/{run.RunId}/artifacts";
}
