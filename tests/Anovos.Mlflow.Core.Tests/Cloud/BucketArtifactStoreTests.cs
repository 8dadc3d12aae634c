using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>Artifacts in buckets, against S3 and Azure's blob storage, fakes and emulators.</summary>
public class BucketArtifactStoreTests
{
    private const int PartLength = PartPlan.DefaultPartLength;

    public static TheoryData<string> Kinds => CloudPlace.Kinds;

    [Theory]
    [MemberData(nameof(CloudPlace.Kinds), MemberType = typeof(CloudPlace))]
    public async Task A_large_object_comes_in_ranges_and_a_refused_one_is_asked_for_again(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store();
        FileInfo file = place.File(450_000);
        await store.SendAsync(new FileSource(file), "folder/large ü", _ => { }, default);
        int refusals = 1;
        place.Gateway.Refuse = request =>
            CloudPlace.IsRead(request) && Interlocked.Decrement(ref refusals) == 0 ? 503 : null;
        int before = place.Gateway.Requests.Count;
        List<ArtifactReceived> results = [];

        await new ArtifactReceiver(store, 4, overwrite: false).ReceiveAsync(
            [new ListedArtifact("folder/large ü", 450_000, null)], Path.Combine(place.Folder, "back"), results.Add, _ => { }, default);

        Assert.Null(Assert.Single(results).Error);
        Assert.Equal(File.ReadAllBytes(file.FullName), File.ReadAllBytes(Path.Combine(place.Folder, "back", "folder", "large ü")));
        Assert.Equal(6, place.Gateway.Requests.Skip(before).Count(CloudPlace.IsRead));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_file_of_any_length_comes_back_byte_for_byte(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store();
        foreach (int length in new[] { 0, 1, PartLength, PartLength + 1, (2 * PartLength) + 12345 })
        {
            FileInfo file = place.File(length);
            long sent = 0, received = 0;

            ArtifactContent content = await store.SendAsync(file, $"folder/{length}", bytes => Interlocked.Add(ref sent, bytes), default);

            using var back = new MemoryStream();
            await store.ReceiveAsync($"folder/{length}", back, bytes => received += bytes, default);
            Assert.Equal(await new FileSource(file).MeasureAsync(default), content);
            Assert.Equal(await File.ReadAllBytesAsync(file.FullName), back.ToArray());
            Assert.Equal((length, length), (sent, received));
        }

        Assert.Empty(place.Retries);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_listing_has_all_pages_and_nothing_from_outside_the_root(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store(), beside = place.Store(place.Uri + "-beside");
        FileInfo file = place.File(1);
        await Parallel.ForEachAsync(Enumerable.Range(0, 1100), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, token) => await store.SendAsync(new FileInfo(file.FullName), $"many/{i}", _ => { }, token));
        await store.SendAsync(file, "many/below/x", _ => { }, default);
        await beside.SendAsync(file, "other", _ => { }, default);

        IReadOnlyList<Artifact> root = await store.ListAsync("", default), many = await store.ListAsync("many", default);

        Assert.Equal([new Artifact("many", true, null)], root);
        Assert.Equal(
            Enumerable.Range(0, 1100).Select(i => new Artifact($"many/{i}", false, 1)).Append(new Artifact("many/below", true, null)).OrderBy(entry => entry.ArtifactPath, StringComparer.Ordinal),
            many.OrderBy(entry => entry.ArtifactPath, StringComparer.Ordinal));
        Assert.Equal([new Artifact("many/below/x", false, 1)], await store.ListAsync("many/below", default));
        Assert.Empty(await store.ListAsync("man", default));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_part_that_fails_is_sent_again_and_no_other(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store();
        FileInfo file = place.File(4 * PartLength);
        int parts = 0;
        place.Gateway.Refuse = request => CloudPlace.IsPart(request) && Interlocked.Increment(ref parts) == 2 ? 503 : null;

        ArtifactContent content = await store.SendAsync(file, "file", _ => { }, default);

        Assert.Equal(5, place.Parts.Length);
        Assert.Equal(4, place.Parts.Distinct().Count());
        Assert.Equal(1, Assert.Single(place.Retries).Retry);
        Assert.Equal(content, await ReadBackAsync(store, "file"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_upload_that_broke_off_goes_on_where_it_stopped(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store(retries: 0);
        FileInfo file = place.File(6 * PartLength);
        await BreakOffAsync(place, store, file, after: 3);
        int before = place.Parts.Length;

        ArtifactContent content = await store.SendAsync(file, "file", _ => { }, default);

        Assert.Equal(3, place.Parts.Length - before);
        Assert.Equal(content, await ReadBackAsync(store, "file"));
        Assert.Equal(await new FileSource(file).MeasureAsync(default), content);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Parts_of_another_content_are_not_taken_for_those_of_the_file(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store(retries: 0);
        await BreakOffAsync(place, store, place.File(6 * PartLength), after: 3);
        FileInfo other = place.File(5 * PartLength);

        ArtifactContent content = await store.SendAsync(other, "file", _ => { }, default);

        Assert.Equal(await new FileSource(other).MeasureAsync(default), content);
        Assert.Equal(content, await ReadBackAsync(store, "file"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Cancelling_ends_an_upload(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store();
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.SendAsync(place.File(12 * PartLength), "file", _ => stop.Cancel(), stop.Token));
        Assert.Empty(await store.ListAsync("", default));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_file_that_becomes_shorter_leaves_no_object(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore store = place.Store();
        FileInfo file = place.File(12 * PartLength);
        int cut = 0;
        await Assert.ThrowsAsync<IOException>(() => store.SendAsync(
            file,
            "file",
            _ =>
            {
                if (Interlocked.Exchange(ref cut, 1) == 0)
                {
                    using FileStream stream = new(file.FullName, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                    stream.SetLength(PartLength);
                }
            },
            default));
        Assert.Empty(await store.ListAsync("", default));
        if (CloudStores.IsS3(kind))
            Assert.Contains(place.Gateway.Requests, request => request.StartsWith("DELETE") && request.Contains("uploadId="));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task No_bucket_no_object_wrong_key_and_nobody_there_are_told_apart(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        FileInfo file = place.File(1);
        using (BucketArtifactStore store = place.Store())
            Assert.Equal(ErrorKind.ArtifactNotFound, (await FailsAsync(() => store.ReceiveAsync("nothing", Stream.Null, _ => { }, default))).Kind);
        using (BucketArtifactStore store = place.Store(CloudStores.BucketUri(kind, "no-such-bucket") + "/x"))
        {
            MlflowException none = await FailsAsync(() => store.SendAsync(file, "file", _ => { }, default));
            Assert.Equal((ErrorKind.BucketNotFound, CloudStores.BucketUri(kind, "no-such-bucket")), (none.Kind, none.Target));
            Assert.Equal(ErrorKind.BucketNotFound, (await FailsAsync(() => store.ListAsync("", default))).Kind);
        }

        place.Gateway.Refuse = _ => 403;
        using (BucketArtifactStore store = place.Store())
            Assert.Equal(ErrorKind.PermissionDenied, (await FailsAsync(() => store.SendAsync(file, "file", _ => { }, default))).Kind);
        Assert.Empty(place.Retries);

        // s3rver does not check signatures of version 4.
        string secret = kind switch
        {
            "s3" => place.Environment["AWS_SECRET_ACCESS_KEY"] = "another",
            "gcs" => UseUnknownKey(place),
            "s3rver" => place.Environment["AWS_ACCESS_KEY_ID"] = "another",
            _ => CloudStores.AzureKey.Replace("Eby8", "AAAA"),
        };
        if (kind is "azure" or "azurite")
            place.Environment["AZURE_STORAGE_CONNECTION_STRING"] = place.Environment["AZURE_STORAGE_CONNECTION_STRING"].Replace("Eby8", "AAAA");
        place.Gateway.Refuse = _ => null;
        using (BucketArtifactStore store = place.Store())
        {
            MlflowException wrong = await FailsAsync(() => store.SendAsync(file, "file", _ => { }, default));
            Assert.Equal(ErrorKind.AuthenticationFailed, wrong.Kind);
            Assert.DoesNotContain(secret, wrong.Message);
        }

        await place.Gateway.DisposeAsync();
        using (BucketArtifactStore store = place.Store())
            Assert.Equal(ErrorKind.TrackingServerUnreachable, (await FailsAsync(() => store.SendAsync(file, "file", _ => { }, default))).Kind);
        Assert.Equal(2, place.Retries.Count);
    }

    [Fact]
    public void A_damaged_answer_is_not_taken_for_a_lack_of_credentials()
    {
        MlflowException e = S3Errors.From(new Amazon.Runtime.AmazonClientException("Expected hash not equal to calculated hash"), "s3://b", new Uri("https://x"));

        Assert.Equal((ErrorKind.ServerError, true), (e.Kind, e.IsTransient));
        Assert.Contains("damaged", e.Message);
    }

    private static async Task BreakOffAsync(CloudPlace place, BucketArtifactStore store, FileInfo file, int after)
    {
        int parts = 0, arrived = 0;
        place.Gateway.Refuse = request =>
        {
            if (!CloudPlace.IsPart(request) || Interlocked.Increment(ref parts) <= after)
                return null;

            // By then, the others have arrived.
            SpinWait.SpinUntil(() => Volatile.Read(ref arrived) >= after);
            return 503;
        };
        await FailsAsync(() => store.SendAsync(file, "file", _ => Interlocked.Increment(ref arrived), default));
        place.Gateway.Refuse = _ => null;
    }

    // Returns one line of the key.
    private static string UseUnknownKey(CloudPlace place)
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        place.Environment["GOOGLE_APPLICATION_CREDENTIALS"] = GoogleKeys.WriteFile(CloudStores.GcsAccount, place.Gateway.Uri, key);
        return key.ExportPkcs8PrivateKeyPem().Split('\n')[5];
    }

    private static Task<MlflowException> FailsAsync(Func<Task> work) => Assert.ThrowsAsync<MlflowException>(work);

    private static async Task<ArtifactContent> ReadBackAsync(BucketArtifactStore store, string artifactPath)
    {
        using var meter = new HashingStream(Stream.Null, long.MaxValue);
        await store.ReceiveAsync(artifactPath, meter, _ => { }, default);
        return meter.Finish();
    }
}
