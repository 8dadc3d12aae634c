using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Artifacts;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>Outputs of a workflow that are in a bucket: found there, and sent from there.</summary>
[Collection(nameof(ProcessEnvironment))]
public class BucketSourceTests
{
    public static TheoryData<string> Kinds => CloudPlace.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Outputs_in_a_bucket_are_found_by_the_rules_of_those_in_a_folder(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        string root = await FillAsync(place, "out/final_dataset/part-0", "out/final_dataset/_SUCCESS", "out/final_dataset/.part-0.crc", $"out/final_dataset/{new string('a', 32)}/part-9", "out/final_dataset_other/x");

        ScannedOutput output = Assert.Single(await ScanAsync($"{root}/out"), row => row.Kind == OutputKind.Output);

        Assert.True(output.Exists);
        Assert.Equal(
            [("final_dataset/_SUCCESS", 100), ("final_dataset/part-0", 100)],
            output.Files.Select(file => (file.ArtifactPath, file.Length)));
        Assert.All(output.Files, file => Assert.NotEmpty(file.ETag!));
        Assert.Equal($"{root}/out/final_dataset/part-0", output.Files[1].FullPath);
        Assert.False(Assert.Single(await ScanAsync($"{root}/nothing"), row => row.Kind == OutputKind.Output).Exists);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_object_goes_from_bucket_to_store_as_a_stream_and_not_a_second_time(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        place.UseInThisProcess();
        using BucketArtifactStore there = place.Store(CloudStores.BucketUri(kind) + "/" + place.Uri.Split('/')[^1]);
        using BucketArtifactStore target = place.Store(place.Uri + "-target");
        FileInfo file = place.File((2 * PartPlan.DefaultPartLength) + 99);
        ArtifactContent content = await there.SendAsync(file, "out/final_dataset/part-0", _ => { }, default);
        using var sources = new BucketSources(new BucketAccess(null, null));
        OutputSelection.Selected selected = new OutputSelection([], [], force: false).Of(await ScanAsync($"{place.Uri}/out"), "run", sources.Of);
        var policy = new SendPolicy(new SentJournal("run", Path.Combine(place.Folder, "sent")), Resend: false, Verify: true);

        foreach (string? expected in new[] { null, "the run already has it, byte for byte" })
        {
            List<ArtifactUploaded> results = [];
            await new ArtifactTransfer(target, 4, policy).SendAsync(selected.Uploads, results.Add, _ => { }, default);
            Assert.Equal((null, expected), (Assert.Single(results).Error, results[0].Unchanged));
        }

        using var meter = new HashingStream(Stream.Null, long.MaxValue);
        await target.ReceiveAsync("final_dataset/part-0", meter, _ => { }, default);
        Assert.Equal(content, meter.Finish());

        // Recognized by its ETag, without reading a byte.
        List<ArtifactUploaded> third = [];
        await new ArtifactTransfer(target, 4, new SendPolicy(new SentJournal("run", Path.Combine(place.Folder, "sent")), Resend: false, Verify: false)).SendAsync(selected.Uploads, third.Add, _ => { }, default);
        Assert.Equal("the run already has it, sent from this machine", Assert.Single(third).Unchanged);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_object_goes_through_an_MLflow_server_as_a_stream_with_its_length(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        string root = await FillAsync(place, "out/final_dataset/part-0", "out/final_dataset/größe 1");
        using var sources = new BucketSources(new BucketAccess(null, null));
        await using Artifacts.TransferFixture run = await Artifacts.TransferFixture.OpenAsync("3.11");
        IReadOnlyList<ArtifactUpload> uploads = new OutputSelection([], [], force: false).Of(await ScanAsync($"{root}/out"), "run", sources.Of).Uploads;
        run.Server.Faults.Add("PUT", "*part-0", Faults.CloseWithin(50));

        Assert.All(await Artifacts.Uploads.SendAsync(run.Artifacts, uploads), result => Assert.Null(result.Error));

        foreach (ArtifactUpload upload in uploads)
            Assert.Equal((await upload.Source.MeasureAsync(default)).Sha256, run.Server.ArtifactsOf(run.Run.RunId)[upload.ArtifactPath].Sha256);
        Assert.All(run.Server.Requests.Where(request => request.Method == "PUT"), put => Assert.Equal("100", put.Headers["Content-Length"]));
        Assert.Single(run.Retries);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_object_that_is_replaced_after_it_was_listed_is_not_sent(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        string root = await FillAsync(place, "out/final_dataset/part-0");
        IReadOnlyList<ScannedOutput> outputs = await ScanAsync($"{root}/out");
        await FillAsync(place, "out/final_dataset/part-0");
        using var sources = new BucketSources(new BucketAccess(null, null));
        using BucketArtifactStore target = place.Store(place.Uri + "-target");

        List<ArtifactUploaded> results = await Artifacts.Uploads.SendAsync(target, new OutputSelection([], [], force: false).Of(outputs, "run", sources.Of).Uploads);

        Assert.Contains("replaced", Assert.Single(results).Error!.Message);
        Assert.Empty(await target.ListAsync("", default));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_connection_that_breaks_is_taken_up_where_it_broke(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store();
        ArtifactContent content = await store.SendAsync(place.File(300_000), "x", _ => { }, default);
        (IBucket bucket, string key) = place.Bucket();
        using var _ = bucket;
        var cut = new CutBucket(bucket, after: 100_000);
        using var stream = new BucketStream(cut, key + "/x", etag: null, content.Length);
        using var meter = new HashingStream(Stream.Null, long.MaxValue);

        await stream.CopyToAsync(meter, TestContext.Current.CancellationToken);

        Assert.Equal(content, meter.Finish());
        Assert.Equal([0, 100_000, 200_000], cut.Offsets);
    }

    [Theory]
    [InlineData("azure")]
    [InlineData("gcs")]
    [InlineData("azurite")]
    public async Task A_manifest_says_where_files_are_and_what_they_hold_and_is_the_same_every_time(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        string root = await FillAsync(place, "out/final_dataset/part-0", "out/final_dataset/part-1");
        using var sources = new BucketSources(new BucketAccess(null, null));
        List<ArtifactUpload> uploads = new OutputSelection([], [], force: false).Of(await ScanAsync($"{root}/out"), "run", sources.Of).Uploads;
        FileInfo local = place.File(7, "local file");
        uploads.Add(new ArtifactUpload(local, "report_stats/local file") { Kind = "Statistic", Folder = "report_stats" });

        IReadOnlyList<ArtifactUpload> manifests = await ReferenceManifest.OfAsync(uploads, default);

        Assert.Equal(["final_dataset.manifest.json", "report_stats.manifest.json"], manifests.Select(manifest => manifest.ArtifactPath));
        Assert.Equal(manifests.Select(manifest => manifest.Source.State), (await ReferenceManifest.OfAsync(uploads, default)).Select(manifest => manifest.Source.State));
        System.Text.Json.JsonElement remote = await ReadAsync(manifests[0]), here = (await ReadAsync(manifests[1])).GetProperty("files")[0];
        Assert.Equal((2, 200), (remote.GetProperty("fileCount").GetInt32(), remote.GetProperty("length").GetInt64()));
        Assert.Equal($"{root}/out/final_dataset/part-1", remote.GetProperty("files")[1].GetProperty("uri").GetString());
        Assert.Matches("^[0-9a-f]{32}$", remote.GetProperty("files")[1].GetProperty("md5").GetString());
        Assert.EndsWith("/local%20file", here.GetProperty("uri").GetString());
        Assert.Equal((await new FileSource(local).MeasureAsync(default)).Sha256, here.GetProperty("sha256").GetString());
    }

    private static async Task<System.Text.Json.JsonElement> ReadAsync(ArtifactUpload manifest)
    {
        using Stream bytes = await manifest.Source.OpenAsync(default);
        return (await System.Text.Json.JsonDocument.ParseAsync(bytes)).RootElement.Clone();
    }

    // Puts 100 random bytes into each object, in the bucket that the environment of the process names.
    private static async Task<string> FillAsync(CloudPlace place, params string[] keys)
    {
        place.UseInThisProcess();
        using BucketArtifactStore store = place.Store();
        foreach (string key in keys)
            await store.SendAsync(place.File(100), key, _ => { }, default);
        return place.Uri;
    }

    private static async Task<IReadOnlyList<ScannedOutput>> ScanAsync(string folder)
    {
        string text = $"write_main: {{file_path: '{folder}'}}\nmlflow: {{experiment: x, track_output: True, track_reports: False, track_intermediates: False, tracking_uri: mlruns}}\n";
        AnovosConfig config = AnovosConfig.Parse(System.Text.Encoding.UTF8.GetBytes(text), "config.yaml");
        using var sources = new BucketSources(new BucketAccess(null, null));
        return await new RemoteScan(sources).FillAsync(OutputScan.Of(AnovosPlan.Of(config, Path.GetTempPath())), all: false, default);
    }

    /// <summary>Cuts every response short.</summary>
    private sealed class CutBucket(IBucket bucket, int after) : IBucket
    {
        public List<long> Offsets { get; } = [];

        public string Uri => bucket.Uri;

        public CloudRequests Requests => bucket.Requests;

        public Task<IReadOnlyList<BucketObject>> ListAsync(string prefix, bool recursive, CancellationToken cancellationToken) => bucket.ListAsync(prefix, recursive, cancellationToken);

        public async Task<Stream> OpenAsync(string key, string? etag, long offset, long? end, CancellationToken cancellationToken)
        {
            Offsets.Add(offset);
            using Stream whole = await bucket.OpenAsync(key, etag, offset, end, cancellationToken);
            byte[] some = new byte[after];
            return new MemoryStream(some, 0, await whole.ReadAtLeastAsync(some, after, throwOnEndOfStream: false, cancellationToken));
        }

        public Task<BucketObject?> FindAsync(string key, CancellationToken cancellationToken) => bucket.FindAsync(key, cancellationToken);

        public Task DeleteAsync(string key, CancellationToken cancellationToken) => bucket.DeleteAsync(key, cancellationToken);

        public IMultipartUpload Upload(string key) => bucket.Upload(key);

        public IMultipartCopy? Copy(ObjectSource source, string key) => bucket.Copy(source, key);

        public void Dispose()
        {
        }
    }
}
