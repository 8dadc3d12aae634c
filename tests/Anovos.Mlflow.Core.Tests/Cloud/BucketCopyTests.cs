using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>Objects that the store copies by itself, from bucket to artifact root.</summary>
public class BucketCopyTests
{
    private const int PartLength = 5 << 20;
    private const int ThreeParts = (2 * PartLength) + 12345;

    public static TheoryData<string, int, int> Sizes => new()
    {
        { "s3", 300_000, 1 },
        { "s3", PartLength, 1 },
        { "s3", ThreeParts, 3 },
        { "gcs", 300_000, 1 },
        { "gcs", PartLength, 1 },
        { "gcs", ThreeParts, 3 },
        { "s3rver", 300_000, 1 },
        { "s3rver", PartLength, 1 },
        { "s3rver", ThreeParts, 3 },
        { "azure", 300_000, 1 },
        { "azure", PartLength, 1 },
        { "azure", ThreeParts, 3 },
        { "azurite", 300_000, 1 },
        { "azurite", PartLength, 1 },
        { "azurite", ThreeParts, 3 },
    };

    public static TheoryData<string> Kinds => CloudPlace.Kinds;

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task The_store_copies_and_no_byte_passes_here(string kind, int length, int requests)
    {
        await using Places places = await Places.OpenAsync(kind, length);
        long before = places.Place.Gateway.Bytes, sent = 0;

        Assert.Null(await places.Target.SendAsync(places.Source, "out/file", bytes => Interlocked.Add(ref sent, bytes), default));

        Assert.Equal(requests, places.Copies.Length);
        Assert.InRange(places.Place.Gateway.Bytes - before, 0, 10_000);
        Assert.Equal(length, sent);
        Assert.Equal(places.Content, await places.ReadBackAsync("out/file"));
        Assert.Empty(places.Place.Retries);
    }

    [Theory]
    [InlineData("azure")]
    [InlineData("azurite")]
    public async Task A_signature_is_enough(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, 300_000, place => place.UseSignature(ofAccount: false));

        Assert.Null(await places.Target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Single(places.Copies);
        Assert.Equal(places.Content, await places.ReadBackAsync("file"));
    }

    [Theory]
    [InlineData("azure")]
    [InlineData("azurite")]
    public async Task What_the_store_fails_to_copy_passes_here(string kind)
    {
        // Azurite 3.37 returns 500 for a copy with a signature for the account.
        await using Places places = await Places.OpenAsync(kind, 300_000, place => place.UseSignature(ofAccount: true));
        if (CloudStores.IsFake(kind))
            places.Place.Gateway.Refuse = request => Places.IsCopy(request) ? 500 : null;

        Assert.Equal(places.Content, await places.Target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Equal(places.Content, await places.ReadBackAsync("file"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_empty_object_passes_here(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, 0);

        // No bytes, so no part.
        Assert.Equal(places.Content, await places.Target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Empty(places.Copies);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_object_that_was_replaced_is_not_copied(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, 300_000);
        await places.ReplaceAsync();

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => places.Target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Contains("replaced", e.Message);
        Assert.Empty(await places.Target.ListAsync("", default));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_object_that_is_replaced_between_two_parts_makes_no_artifact(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, ThreeParts);
        int copies = 0;
        places.Place.Gateway.Refuse = request =>
        {
            if (Places.IsCopy(request) && Interlocked.Increment(ref copies) == 2)
                places.ReplaceAsync().GetAwaiter().GetResult();
            return null;
        };

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => places.Target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Contains("replaced", e.Message);
        Assert.Empty(await places.Target.ListAsync("", default));
    }

    [Theory]
    [InlineData("s3", 403)]
    [InlineData("s3", 501)]
    [InlineData("azure", 403)]
    [InlineData("azure", 409)]
    [InlineData("gcs", 403)]
    [InlineData("gcs", 501)]
    [InlineData("s3rver", 403)]
    [InlineData("s3rver", 501)]
    [InlineData("azurite", 403)]
    [InlineData("azurite", 409)]
    public async Task What_the_store_will_not_copy_passes_here_and_it_is_not_asked_again(string kind, int status)
    {
        await using Places places = await Places.OpenAsync(kind, ThreeParts);
        int copies = 0;
        places.Place.Gateway.Refuse = request => Places.IsCopy(request) && Interlocked.Increment(ref copies) > 1 ? status : null;
        long sent = 0;

        Assert.Equal(places.Content, await places.Target.SendAsync(places.Source, "file", bytes => Interlocked.Add(ref sent, bytes), default));
        int asked = places.Copies.Length;
        Assert.Equal(places.Content, await places.Target.SendAsync(places.Source, "another", _ => { }, default));

        Assert.Equal(ThreeParts, sent);
        Assert.Equal(places.Content, await places.ReadBackAsync("file"));
        if (status != 409)
            Assert.Equal(asked, places.Copies.Length);
        if (CloudStores.IsS3(kind))
            Assert.Contains(places.Place.Gateway.Requests, request => request.StartsWith("DELETE") && request.Contains("uploadId="));
    }

    [Theory]
    [InlineData("s3", 300_000)]
    [InlineData("s3", ThreeParts)]
    [InlineData("s3rver", 300_000)]
    [InlineData("s3rver", ThreeParts)]
    public async Task A_success_that_S3_takes_back_is_none(string kind, int length)
    {
        await using Places places = await Places.OpenAsync(kind, length);
        places.Place.Gateway.Refuse = request => Places.IsCopy(request) ? 200 : null;

        Assert.Equal(places.Content, await places.Target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Equal(places.Content, await places.ReadBackAsync("file"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Another_endpoint_is_not_asked_or_refuses(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, 300_000);
        await using CloudPlace other = await CloudPlace.OpenAsync(kind);
        using BucketArtifactStore target = other.Store();

        Assert.Equal(places.Content, await target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Equal(kind is "azure" or "azurite" ? 1 : 0, other.Gateway.Requests.Count(Places.IsCopy));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_part_that_fails_for_a_while_is_copied_again_and_no_other(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, ThreeParts);
        int copies = 0;
        places.Place.Gateway.Refuse = request => Places.IsCopy(request) && Interlocked.Increment(ref copies) == 2 ? 503 : null;

        Assert.Null(await places.Target.SendAsync(places.Source, "file", _ => { }, default));

        Assert.Equal((4, 3), (places.Copies.Length, places.Copies.Distinct().Count()));
        Assert.Single(places.Place.Retries);
        Assert.Equal(places.Content, await places.ReadBackAsync("file"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Cancelling_ends_a_copy_and_leaves_nothing(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, ThreeParts);
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => places.Target.SendAsync(places.Source, "file", _ => stop.Cancel(), stop.Token));

        Assert.Empty(await places.Target.ListAsync("", default));
        if (CloudStores.IsS3(kind))
            Assert.Contains(places.Place.Gateway.Requests, request => request.StartsWith("DELETE") && request.Contains("uploadId="));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_copy_is_known_by_its_ETag_and_verified_by_its_bytes(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, 300_000);
        Assert.Null(await SendAsync(verify: false));
        Assert.Null(Assert.IsType<SentFile>(Journal().Find("file")).Sha256);
        long before = places.Place.Gateway.Bytes;

        Assert.Equal("the run already has it, sent from this machine", await SendAsync(verify: false));
        Assert.InRange(places.Place.Gateway.Bytes - before, 0, 10_000);
        Assert.Equal("the run already has it, byte for byte", await SendAsync(verify: true));
        Assert.Equal(places.Content.Sha256, Journal().Find("file")!.Sha256);

        // Same length, different content: it is copied again, and its hash is known from then on.
        await places.Target.SendAsync(places.Place.File(300_000, "other"), "file", _ => { }, default);
        Assert.Null(await SendAsync(verify: true));
        Assert.Equal(places.Content, await places.ReadBackAsync("file"));

        // Replaced with different content of the same length: a new ETag, and nothing to compare it with.
        Assert.Null(await SendAsync(verify: false, resend: true));
        await places.ReplaceAsync();
        await places.FindAsync();
        before = places.Copies.Length;
        Assert.Null(await SendAsync(verify: false));
        Assert.Equal(before + 1, places.Copies.Length);
        Assert.Equal(places.Content, await places.ReadBackAsync("file"));

        SentJournal Journal() => new("run", Path.Combine(places.Place.Folder, "sent"));

        async Task<string?> SendAsync(bool verify, bool resend = false)
        {
            List<ArtifactUploaded> results = [];
            await new ArtifactTransfer(places.Target, 4, new SendPolicy(Journal(), resend, verify)).SendAsync([new ArtifactUpload(places.Source, "file")], results.Add, _ => { }, default);
            Assert.Null(Assert.Single(results).Error);
            return results[0].Unchanged;
        }
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("gcs")]
    [InlineData("s3rver")]
    public async Task A_damaged_copy_does_not_pass_a_verification(string kind)
    {
        await using Places places = await Places.OpenAsync(kind, 300_000);
        FileInfo other = places.Place.File(300_000, "other");
        places.Place.Gateway.Refuse = request =>
        {
            // Before it is read back.
            if (request.StartsWith("GET") && Uri.UnescapeDataString(request).Contains("-target/file"))
                places.Damage(other);
            return null;
        };
        List<ArtifactUploaded> results = [];

        await new ArtifactTransfer(places.Target, 4, new SendPolicy(null, Resend: true, Verify: true)).SendAsync([new ArtifactUpload(places.Source, "file")], results.Add, _ => { }, default);

        Assert.Contains("read back", Assert.Single(results).Error!.Message);
    }

    /// <summary>An object, and an artifact root next to it.</summary>
    private sealed class Places : IAsyncDisposable
    {
        private readonly BucketArtifactStore _from;
        private readonly IBucket _bucket;
        private readonly string _prefix;
        private int _damaged;

        private Places(CloudPlace place)
        {
            (Place, _from) = (place, place.Store());
            (_bucket, _prefix) = place.Bucket();
            Target = place.Store(place.Uri + "-target", copiedPartLength: PartLength);
        }

        public CloudPlace Place { get; }

        public BucketArtifactStore Target { get; }

        public ObjectSource Source { get; private set; } = null!;

        public ArtifactContent Content { get; private set; } = null!;

        public string[] Copies => [.. Place.Gateway.Requests.Where(IsCopy)];

        public static bool IsCopy(string request) => request.Contains(" from ");

        public static async Task<Places> OpenAsync(string kind, int length, Action<CloudPlace>? prepare = null)
        {
            CloudPlace place = await CloudPlace.OpenAsync(kind);
            prepare?.Invoke(place);
            var places = new Places(place);
            await places._from.SendAsync(place.File(length), "a b/file", _ => { }, default);
            await places.FindAsync();
            return places;
        }

        public async Task ReplaceAsync() => await _from.SendAsync(Place.File((int)Content.Length), "a b/file", _ => { }, default);

        public void Damage(FileInfo other)
        {
            if (Interlocked.Exchange(ref _damaged, 1) == 0)
                Target.SendAsync(other, "file", _ => { }, default).GetAwaiter().GetResult();
        }

        /// <summary>Lists the object in its current state.</summary>
        public async Task FindAsync()
        {
            BucketObject found = Assert.Single(await _bucket.ListAsync(_prefix + "/a b/", recursive: true, default));
            Source = new ObjectSource(_bucket, found.Key, $"{_bucket.Uri}/{found.Key}", found.Length, found.ETag);
            Content = await new FileSource(new FileInfo(Path.Combine(Place.Folder, "file"))).MeasureAsync(default);
        }

        public async Task<ArtifactContent> ReadBackAsync(string artifactPath)
        {
            using var meter = new HashingStream(Stream.Null, long.MaxValue);
            await Target.ReceiveAsync(artifactPath, meter, _ => { }, default);
            return meter.Finish();
        }

        public async ValueTask DisposeAsync()
        {
            _from.Dispose();
            _bucket.Dispose();
            Target.Dispose();
            await Place.DisposeAsync();
        }
    }
}
