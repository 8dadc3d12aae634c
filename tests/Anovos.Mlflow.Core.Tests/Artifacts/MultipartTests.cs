using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Large files in parts, to the bucket behind an MLflow server.</summary>
public sealed class MultipartTests
{
    private const int Length = 1_050_000;
    private const int Parts = 11;

    [Theory]
    [InlineData("2.17", "model.bin")]
    [InlineData("3.11", "a b/größe +%.bin")]
    [InlineData("3.17", "a b/größe +%.bin")]
    public async Task A_large_file_goes_in_parts_to_the_bucket_and_without_the_servers_credentials(string version, string path)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(version, inParts: true);
        ArtifactUpload file = run.File(path, Length), small = run.File("small", 999_999);

        Assert.Equal([$"{path} Sent", "small Sent"], await run.SendAsync([file, small], verify: version == "2.17"));

        RecordedRequest[] parts = [.. run.Server.Requests.Where(request => request.Path.StartsWith("/bucket/", StringComparison.Ordinal))];
        Assert.Equal(Parts, parts.Length);
        Assert.All(parts, part => Assert.False(part.Headers.ContainsKey("Authorization")));
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)[path].Sha256);
        Assert.Equal(0, run.Server.UnfinishedUploads);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(run.Folder, "sent"), "*.parts"));
    }

    [Fact]
    public async Task A_server_without_a_bucket_gets_the_file_whole_and_is_asked_once()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        run.Server.Faults.Add("POST", "*/mpu/create*", Faults.Answer(501, """{"error_code": "NOT_IMPLEMENTED", "message": "Multipart upload is not supported for the current artifact repository"}"""));
        ArtifactUpload a = run.File("a", Length), b = run.File("b", Length);
        Assert.Equal(["a Sent"], await run.SendAsync([a]));
        Assert.Equal(["b Sent"], await run.SendAsync([b]));
        Assert.Single(run.Server.Requests, request => request.Path.Contains("/mpu/"));
        Assert.Equal(2, run.Puts.Length);
    }

    [Fact]
    public async Task A_part_that_fails_is_sent_again_alone()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        run.Server.Faults.Add("PUT", "/bucket/*/4", Faults.CloseWithin(50_000));
        run.Server.Faults.Add("PUT", "/bucket/*/4", Faults.Unavailable());
        run.Server.Faults.Add("PUT", "/bucket/*/7", Faults.CloseAfter);
        ArtifactUpload file = run.File("big", Length);
        long counted = 0;

        Assert.Equal(["big Sent"], await run.SendAsync([file], progress: progress => InterlockedMax(ref counted, progress.BytesSent)));

        Assert.Equal([(4, 3), (7, 2)], PartsSent(run).Where(part => part.Times > 1));
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)["big"].Sha256);
        Assert.Equal(3, run.Retries.Count);
        Assert.InRange(counted, Length, Length + (2 * 100_000));
    }

    [Fact]
    public async Task An_interrupted_upload_goes_on_with_the_parts_that_are_missing()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        ArtifactUpload file = run.File("big", Length);
        run.Server.Faults.Add("PUT", "/bucket/*/9", Faults.ProxyPage(), times: 3);
        Assert.Contains("Part 9 of 11", Assert.Single(await run.SendAsync([file])));
        int[] before = [.. PartsSent(run).Select(part => part.Number)];
        Assert.Equal(1, run.Server.UnfinishedUploads);

        Assert.Equal(["big Sent"], await run.SendAsync([file]));

        int[] after = [.. PartsSent(run).Where(part => part.Times > 1 || !before.Contains(part.Number)).Select(part => part.Number)];
        Assert.Contains(9, after);
        Assert.InRange(after.Length, 1, 8);
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)["big"].Sha256);
        Assert.Single(run.Server.Requests, request => request.Path.Contains("/mpu/create"));
    }

    [Fact]
    public async Task Cancelled_it_goes_on_later()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        ArtifactUpload file = run.File("big", Length);
        using var stop = new CancellationTokenSource();
        run.Server.Faults.Add("PUT", "/bucket/*/10", async (context, _) =>
        {
            await stop.CancelAsync();
            context.Abort();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.SendAsync([file], cancellationToken: stop.Token));
        Assert.Equal(["big Sent"], await run.SendAsync([file]));
        Assert.Single(run.Server.Requests, request => request.Path.Contains("/mpu/create"));
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)["big"].Sha256);
    }

    [Theory]
    [InlineData("the addresses expired")]
    [InlineData("the file is another")]
    [InlineData("the file is another with the time of the first")]
    [InlineData("the bucket cleaned up")]
    [InlineData("the record is torn")]
    [InlineData("the record is nonsense")]
    [InlineData("only the answer was lost")]
    public async Task What_cannot_go_on_begins_anew(string because)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        ArtifactUpload file = run.File("big", Length);
        run.Server.Faults.Add("PUT", "/bucket/*/9", Faults.ProxyPage(), times: because == "only the answer was lost" ? 0 : 3);
        run.Server.Faults.Add("POST", "*/mpu/complete*", Faults.CloseAfter, times: because == "only the answer was lost" ? 1 : 0);
        run.Server.Faults.Add("GET", "*/big", Faults.ProxyPage(), times: because == "only the answer was lost" ? 3 : 0);
        Assert.DoesNotContain("Sent", Assert.Single(await run.SendAsync([file])));
        string record = Assert.Single(Directory.EnumerateFiles(Path.Combine(run.Folder, "sent"), "*.parts"));
        switch (because)
        {
            case "the addresses expired":
                run.Server.ExpirePartAddresses();
                break;
            case "the file is another":
                run.File("big", Length);
                break;
            case "the file is another with the time of the first":
                DateTime written = file.File.LastWriteTimeUtc;
                run.File("big", Length);
                File.SetLastWriteTimeUtc(file.File.FullName, written);
                break;
            case "the bucket cleaned up":
                run.Server.Faults.Add("PUT", "/bucket/*", Faults.Answer(404, "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>", "application/xml"));
                break;
            case "the record is torn":
                using (FileStream stream = File.OpenWrite(record))
                    stream.SetLength(stream.Length - 7);
                break;
            case "the record is nonsense":
                File.WriteAllText(record, "{\"Path\": null}\nnull\n\u0000");
                break;
        }

        Assert.Equal(["big Sent"], await run.SendAsync([file]));
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)["big"].Sha256);
        Assert.Equal(because == "the record is nonsense" ? 1 : 0, run.Server.UnfinishedUploads);
    }

    [Fact]
    public async Task A_file_that_changes_while_its_parts_go_out_is_an_error_and_no_artifact()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        ArtifactUpload file = run.File("big", Length);
        run.Server.Faults.Add("PUT", "/bucket/*/11", async (_, handle) =>
        {
            await handle();
            using FileStream stream = new(file.File.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            stream.Position = Length - 1;
            byte last = (byte)stream.ReadByte();
            stream.Position = Length - 1;
            stream.WriteByte((byte)(last + 1));
        });
        Assert.Contains("changed during the upload", Assert.Single(await run.SendAsync([file])));
        Assert.Empty(run.Server.ArtifactsOf(run.Run.RunId));
        Assert.Equal(0, run.Server.UnfinishedUploads);
    }

    [Fact]
    public async Task A_bucket_that_refuses_is_named_and_its_signature_is_not()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        run.Server.Faults.Add("PUT", "/bucket/*", Faults.Answer(403, "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>not yours</Message></Error>", "application/xml"), times: 100);
        string error = Assert.Single(await run.SendAsync([run.File("big", Length), run.File("small", 10)]), result => result != "small Sent");
        Assert.Contains("not yours", error);
        Assert.Contains("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", error);
        Assert.DoesNotContain("signature", error);
        Assert.Equal(0, run.Server.UnfinishedUploads);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task The_urls_of_parts_are_not_kept_on_disk_but_in_the_session(bool inAnotherSession, int creations)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.17", inParts: true);
        ArtifactUpload file = run.File("a b/big", Length);
        run.Server.Faults.Add("PUT", "/bucket/*/9", Faults.ProxyPage(), times: 3);
        Assert.Contains(
            "Part 9 of 11", Assert.Single(await run.SendAsync([file, run.File("small", 10)]), result => result != "small Sent"));

        string[] kept = [.. Directory.EnumerateFiles(Path.Combine(run.Folder, "sent")).Select(File.ReadAllText)];
        Assert.Equal(2, kept.Length);
        Assert.All(kept, text => Assert.DoesNotMatch("(?i)signature|http|bucket", text));

        run.Open(isNewSession: inAnotherSession);
        Assert.Equal(["a b/big Sent"], await run.SendAsync([file]));
        Assert.Equal(creations, run.Server.Requests.Count(request => request.Path.Contains("/mpu/create")));
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)["a b/big"].Sha256);
        Assert.Equal(0, run.Server.UnfinishedUploads);
    }

    [Fact]
    public async Task What_is_kept_of_an_upload_is_for_its_user_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("a user's local application data is theirs alone there");
            return;
        }

        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true);
        run.Server.Faults.Add("PUT", "/bucket/*/9", Faults.ProxyPage(), times: 3);
        await run.SendAsync([run.File("big", Length)]);
        string record = Assert.Single(Directory.EnumerateFiles(Path.Combine(run.Folder, "sent"), "*.parts"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(record));
    }

    [Fact]
    public async Task A_real_server_with_a_bucket_takes_a_file_in_parts()
    {
        string? address = Environment.GetEnvironmentVariable("ANOVOS_TEST_BUCKET_TRACKING_URI");
        Assert.SkipWhen(address is null, "ANOVOS_TEST_BUCKET_TRACKING_URI names no MLflow server with a bucket for its artifacts");
        string folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
        try
        {
            // S3 accepts no part below 5 MiB except the last.
            var multipart = new MultipartOptions { ThroughServer = true, MinimumFileBytes = 6 << 20, PartBytes = 5 << 20 };
            using var store = new RestStore(new Uri(address), new ConnectionOptions { Multipart = multipart });
            string experiment = await store.CreateExperimentAsync(new NewExperiment($"parts {Guid.NewGuid():N}"), default);
            Run run = await store.CreateRunAsync(new NewRun(experiment, null, "tester", 1), default);
            string path = Path.Combine(folder, "big");
            File.WriteAllBytes(path, System.Security.Cryptography.RandomNumberGenerator.GetBytes(12 << 20));
            using IArtifactStore artifacts = ArtifactStores.Open(run, store);
            Uri root = ArtifactStores.ProxiedBase(run.ArtifactUri, store.Api.Server);
            var target = new ProxiedMultipart(store.Api, root, runId: null, (_, _) => Task.FromResult(true), _ => { });
            using var proxied = new MultipartUpload(target, multipart, run.RunId);

            Assert.NotNull(await proxied.TrySendAsync(new FileInfo(path), "a b/big", _ => { }, default));

            using var back = new MemoryStream();
            await artifacts.ReceiveAsync("a b/big", back, _ => { }, default);
            Assert.Equal(File.ReadAllBytes(path), back.ToArray());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (int Number, int Times)[] PartsSent(TransferFixture run) =>
    [
        .. run.Server.Requests.Where(request => request.Path.StartsWith("/bucket/", StringComparison.Ordinal))
            .GroupBy(request => int.Parse(request.Path.Split('/', '?')[3], System.Globalization.CultureInfo.InvariantCulture))
            .Select(group => (group.Key, group.Count())).Order(),
    ];

    private static string HashOf(ArtifactUpload upload) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(upload.File.FullName)));

    private static void InterlockedMax(ref long target, long value)
    {
        for (long seen; (seen = Interlocked.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen;)
        {
        }
    }
}
