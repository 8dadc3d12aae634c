using System.Net.Http.Headers;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>Interrupted and damaged resumable uploads to Google Cloud Storage.</summary>
public sealed class GcsUploadTests : IAsyncDisposable
{
    private const int PartLength = PartPlan.DefaultPartLength;
    private const int Chunk = 256 << 10;

    private readonly HttpClient _http = new();
    private CloudPlace? _place;

    private CloudPlace Place => _place!;

    private string Records => Path.Combine(Place.Folder, "records");

    [Fact]
    public async Task Another_process_continues_an_upload_by_a_record_that_only_its_user_can_read()
    {
        FileInfo file = await OpenAsync(4 * PartLength);
        await BreakOffAsync(file, after: 2);
        string record = Assert.Single(Directory.GetFiles(Records));
        string text = await File.ReadAllTextAsync(record, TestContext.Current.CancellationToken);
        Assert.Contains("upload_id=", text);
        Assert.DoesNotContain("ya29.", text);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(record));
        int before = Place.Parts.Length;

        await SendAsync(file);

        Assert.Equal(2, Place.Parts.Length - before);
        Assert.Empty(Directory.GetFiles(Records));
    }

    [Fact]
    public async Task Bytes_that_arrived_before_a_connection_broke_are_not_sent_again()
    {
        FileInfo file = await OpenAsync(2 * PartLength);
        Act(part: 2, async address =>
        {
            await PutAsync(address, (await File.ReadAllBytesAsync(file.FullName)).AsMemory(PartLength, 3 * Chunk), PartLength, file.Length);
            return 503;
        });

        await SendAsync(file);

        Assert.EndsWith($" of bytes {PartLength + (3 * Chunk)}-{(2 * PartLength) - 1}/{2 * PartLength}", Place.Parts[^1]);
        Assert.Single(Place.Retries);
    }

    [Fact]
    public async Task A_last_part_whose_response_was_lost_is_not_sent_again()
    {
        FileInfo file = await OpenAsync(2 * PartLength);
        Act(part: 2, async address =>
        {
            await PutAsync(address, (await File.ReadAllBytesAsync(file.FullName)).AsMemory(PartLength), PartLength, file.Length);
            return 502;
        });

        await SendAsync(file);

        Assert.Equal(2, Place.Parts.Length - 1);
        Assert.Single(Place.Retries);
    }

    [Fact]
    public async Task A_session_that_the_service_has_ended_is_begun_again_from_the_first_byte()
    {
        FileInfo file = await OpenAsync(3 * PartLength);
        Act(part: 3, async address =>
        {
            using HttpResponseMessage response = await _http.DeleteAsync(address);
            Assert.Equal(499, (int)response.StatusCode);
            return null;
        });

        await SendAsync(file);

        Assert.Equal(6, Place.Parts.Length);
        Assert.Empty(Place.Retries);
    }

    [Fact]
    public async Task A_session_that_ended_in_the_meantime_is_begun_again()
    {
        FileInfo file = await OpenAsync(3 * PartLength);
        await BreakOffAsync(file, after: 2);
        string session = Place.Parts[^1].Split(' ')[1];
        using HttpResponseMessage response =
            await _http.DeleteAsync(new Uri(Place.Gateway.Uri, session), TestContext.Current.CancellationToken);
        int before = Place.Parts.Length;

        await SendAsync(file);

        Assert.Equal(3, Place.Parts.Length - before);
    }

    [Fact]
    public async Task A_file_of_the_same_length_that_differs_after_its_first_part_is_sent_from_its_beginning()
    {
        FileInfo file = await OpenAsync(4 * PartLength);
        await BreakOffAsync(file, after: 2);
        using (FileStream stream = file.OpenWrite())
        {
            stream.Position = PartLength;
            stream.Write(new byte[100]);
        }

        long sent = await SendAsync(file);

        Assert.Equal(file.Length, sent);
    }

    [Fact]
    public async Task Bytes_that_were_damaged_on_their_way_make_no_artifact()
    {
        FileInfo file = await OpenAsync(2 * PartLength);
        Act(part: 2, async address =>
        {
            await PutAsync(address, new byte[PartLength], PartLength, file.Length);
            return 503;
        });
        using BucketArtifactStore store = Place.Store();

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => store.SendAsync(file, "file", _ => { }, default));

        Assert.Equal(ErrorKind.ArtifactSendFailed, e.Kind);
        Assert.Contains("damaged", e.Message);
        Assert.Empty(await store.ListAsync("", default));
        Assert.Empty(Directory.GetFiles(Records));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_place is not null)
            await _place.DisposeAsync();
    }

    private async Task<FileInfo> OpenAsync(int length)
    {
        _place = await CloudPlace.OpenAsync("gcs");
        return Place.File(length);
    }

    // Runs an action when a part is sent, and rejects the part with a status or lets it pass.
    private void Act(int part, Func<Uri, Task<int?>> act)
    {
        int parts = 0;
        Place.Gateway.Refuse = request =>
        {
            if (!CloudPlace.IsPart(request) || Interlocked.Increment(ref parts) != part)
                return null;
            return act(new Uri(Place.Gateway.Uri, request.Split(' ')[1])).GetAwaiter().GetResult();
        };
    }

    private async Task BreakOffAsync(FileInfo file, int after)
    {
        int parts = 0;
        Place.Gateway.Refuse = request => CloudPlace.IsPart(request) && Interlocked.Increment(ref parts) > after ? 503 : null;
        using BucketArtifactStore store = Place.Store(retries: 0);
        await Assert.ThrowsAsync<MlflowException>(() => store.SendAsync(file, "file", _ => { }, default));
        Place.Gateway.Refuse = _ => null;
    }

    // Returns the number of bytes reported.
    private async Task<long> SendAsync(FileInfo file)
    {
        long sent = 0;
        using BucketArtifactStore store = Place.Store();
        ArtifactContent content = await store.SendAsync(file, "file", bytes => Interlocked.Add(ref sent, bytes), default);
        Assert.Equal(await new FileSource(file).MeasureAsync(default), content);
        using var meter = new HashingStream(Stream.Null, long.MaxValue);
        await store.ReceiveAsync("file", meter, _ => { }, default);
        Assert.Equal(content, meter.Finish());
        return sent;
    }

    private async Task PutAsync(Uri address, ReadOnlyMemory<byte> bytes, long offset, long length)
    {
        using var body = new ReadOnlyMemoryContent(bytes);
        body.Headers.ContentRange = new ContentRangeHeaderValue(offset, offset + bytes.Length - 1, length);
        using HttpResponseMessage response = await _http.PutAsync(address, body);
        Assert.True((int)response.StatusCode is 308 or 200, $"{response.StatusCode}");
    }
}
