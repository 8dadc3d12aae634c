using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Large files are downloaded in parallel ranges, and resumed after an interruption.</summary>
public sealed class RangedDownloadTests
{
    private const int Length = 1_050_000;
    private const int Range = 100_000;

    [Theory]
    [InlineData("2.17", 1)]
    [InlineData("3.11", 1)]
    [InlineData("3.17", 11)]
    public async Task A_large_file_comes_in_ranges_where_the_server_gives_them_and_otherwise_whole(string version, int requests)
    {
        await using TransferFixture run = await OpenAsync(version);
        ArtifactUpload large = run.File("folder/large ü.bin", Length), small = run.File("small", 10);
        await run.SendAsync([large, small]);
        long counted = 0;

        Assert.Equal(
            ["folder/large ü.bin Received", "small Received"],
            await run.ReceiveAsync(progress: progress => Interlocked.Exchange(ref counted, progress.BytesSent)));

        Assert.Equal(requests, Gets(run).Count(request => request.Headers.ContainsKey("Range")));
        AssertSame(large, run, "folder/large ü.bin");
        Assert.Equal(["folder/large ü.bin", "small"], run.Received());
        Assert.Equal(Length + 10, counted);
    }

    [Fact]
    public async Task A_connection_that_is_cut_within_a_range_is_taken_up_where_it_broke()
    {
        await using TransferFixture run = await OpenAsync("3.17");
        ArtifactUpload large = run.File("large", Length);
        await run.SendAsync([large]);
        run.Server.Faults.Add("GET", "*/large", Faults.Truncate(30_000), times: 5);

        Assert.Equal(["large Received"], await run.ReceiveAsync());

        AssertSame(large, run, "large");
        Assert.Equal(0, run.Server.Faults.Pending);
        Assert.Contains(Ranges(run), range => range.From % Range != 0);
    }

    [Fact]
    public async Task What_came_before_a_failure_is_not_asked_for_again()
    {
        await using TransferFixture run = await OpenAsync("3.17");
        ArtifactUpload large = run.File("large", Length);
        await run.SendAsync([large]);
        FailFrom(run, 600_000);
        Assert.DoesNotContain("Received", Assert.Single(await run.ReceiveAsync()));
        Assert.All(run.Received(), file => Assert.True(PartialFile.IsOwn(file), file));
        Assert.Equal(2, run.Received().Length);
        Assert.Contains("\"ETag\"", File.ReadAllText(Directory.EnumerateFiles(run.Destination, "*.ranges").Single()));
        int before = run.Server.Requests.Count;
        ByteRange[] already = [.. Received(run)];

        Assert.Equal(["large Received"], await run.ReceiveAsync());

        // A request of the first download may reach the server after the download has failed. It was for bytes that are missing.
        (long From, long To)[] asked = [.. run.Server.Requests.Skip(before).Where(IsDownload).Select(RangeOf)];
        Assert.InRange(already.Sum(range => range.Length), 1, Length);
        Assert.DoesNotContain(asked, one => already.Any(range => one.From < range.To && range.From < one.To));
        Assert.All(asked, one => Assert.InRange(one.To, one.From + 1, Length));
        AssertSame(large, run, "large");
        Assert.Equal(["large"], run.Received());
    }

    [Theory]
    [InlineData("the content is another")]
    [InlineData("the record is torn")]
    [InlineData("the record is nonsense")]
    [InlineData("the bytes are gone")]
    [InlineData("the bytes are a link")]
    public async Task What_came_is_trusted_only_with_the_same_etag_and_a_record(string because)
    {
        await using TransferFixture run = await OpenAsync("3.17");
        ArtifactUpload large = run.File("large", Length);
        await run.SendAsync([large]);
        FailFrom(run, 600_000);
        await run.ReceiveAsync();
        string record = Directory.EnumerateFiles(run.Destination, "*.ranges").Single(), bytes = Path.ChangeExtension(record, ".part");
        switch (because)
        {
            case "the content is another":
                large = run.File("large", Length);
                await run.SendAsync([large], resend: true);
                break;
            case "the record is torn":
                using (FileStream stream = File.OpenWrite(record))
                    stream.SetLength(stream.Length - 3);
                break;
            case "the record is nonsense":
                File.WriteAllText(record, "{\"Address\": null}\nnull\n\u0000");
                break;
            case "the bytes are gone":
                File.Delete(bytes);
                break;
            case "the bytes are a link":
                if (OperatingSystem.IsWindows())
                    Assert.Skip("links need a privilege there");
                string elsewhere = Path.Combine(run.Folder, "elsewhere");
                File.Move(bytes, elsewhere);
                File.CreateSymbolicLink(bytes, elsewhere);
                break;
        }

        Assert.Equal(["large Received"], await run.ReceiveAsync());

        AssertSame(large, run, "large");
        Assert.Equal(["large"], run.Received());
        if (because == "the bytes are a link")
            Assert.NotEqual(File.ReadAllBytes(large.Source.Location), File.ReadAllBytes(Path.Combine(run.Folder, "elsewhere")));
    }

    [Fact]
    public async Task A_file_that_is_replaced_on_the_way_is_the_new_one_and_not_a_mix()
    {
        await using TransferFixture run = await OpenAsync("3.17");
        await run.SendAsync([run.File("large", Length)]);
        byte[] other = new byte[Length];
        run.Server.Faults.Add("GET", "*/large", (_, handle) => handle(), times: 5);
        run.Server.Faults.Add("GET", "*/large", async (_, handle) =>
        {
            await run.Server.StoreAsync(run.Run.RunId, "large", other);
            await handle();
        });

        Assert.Equal(["large Received"], await run.ReceiveAsync());

        Assert.Equal(other, File.ReadAllBytes(Path.Combine(run.Destination, "large")));
    }

    [Fact]
    public async Task Two_that_receive_the_same_file_do_not_share_what_came()
    {
        await using TransferFixture run = await OpenAsync("3.17");
        Directory.CreateDirectory(run.Destination);
        string target = Path.Combine(run.Destination, "large");
        using (PartialFile one = PartialFile.Open(target))
        {
            one.Begin("http://server/large", "\"1\"", 10);
            using PartialFile other = PartialFile.Open(target);
            Assert.NotEqual(one.Path, other.Path);
            Assert.Null(other.ETag);
        }

        using PartialFile again = PartialFile.Open(target);
        Assert.Equal("\"1\"", again.ETag);
        again.Add(new ByteRange(2, 4));
        again.Add(new ByteRange(3, 7));
        Assert.Equal([new ByteRange(0, 2), new ByteRange(7, 10)], again.Missing("http://server/large", 10));
        Assert.Equal([new ByteRange(0, 10)], again.Missing("http://server/other", 10));
    }

    [Fact]
    public async Task A_files_of_a_transfer_are_neither_listed_nor_sent()
    {
        await using TransferFixture run = await OpenAsync("directory");
        string folder = Path.Combine(run.Folder, "sent from");
        Directory.CreateDirectory(folder);
        foreach (string name in new[] { "a.csv", ".anovos-0123456789abcdef.part", ".anovos-0123456789abcdef.ranges", ".anovos-notes.part" })
            File.WriteAllText(Path.Combine(folder, name), "x");
        Assert.Equal([".anovos-notes.part", "a.csv"], FolderListing.Of(folder, default).Files.Select(file => file.RelativePath));
        using var store = new LocalArtifactStore(folder);
        Assert.Equal([".anovos-notes.part", "a.csv"], (await store.ListAsync("", default)).Select(artifact => artifact.ArtifactPath));
    }

    [Theory]
    [InlineData(1, "small Received")]
    [InlineData(3, "small Received 4 bytes, but the run lists 10.")]
    public async Task A_shorter_body_than_announced_is_asked_for_again_and_never_left(int times, string expected)
    {
        await using TransferFixture run = await OpenAsync("3.11");
        ArtifactUpload small = run.File("small", 10);
        await run.SendAsync([small]);
        run.Server.Faults.Add("GET", "*/small", Faults.ShortLength(4), times);
        Assert.StartsWith(expected, Assert.Single(await run.ReceiveAsync()));
        Assert.Equal(times == 1 ? ["small"] : [], run.Received());
        if (times == 1)
            AssertSame(small, run, "small");
    }

    [Fact]
    public async Task A_whole_large_file_that_is_short_is_asked_for_again()
    {
        await using TransferFixture run = await OpenAsync("3.11");
        ArtifactUpload large = run.File("large", Length);
        await run.SendAsync([large]);
        run.Server.Faults.Add("GET", "*/large", Faults.ShortLength(400_000));
        run.Server.Faults.Add("GET", "*/large", Faults.Truncate(700_000));
        Assert.Equal(["large Received"], await run.ReceiveAsync());
        AssertSame(large, run, "large");
    }

    [Fact]
    public async Task A_file_that_is_there_is_compared_and_kept_or_refused()
    {
        await using TransferFixture run = await OpenAsync("3.17");
        ArtifactUpload large = run.File("large", Length);
        await run.SendAsync([large]);
        await run.ReceiveAsync();
        Assert.Equal(["large Unchanged"], await run.ReceiveAsync());
        string path = Path.Combine(run.Destination, "large");
        byte[] changed = File.ReadAllBytes(path);
        changed[0]++;
        File.WriteAllBytes(path, changed);
        Assert.Contains("already exists with different content", Assert.Single(await run.ReceiveAsync()));
        Assert.Equal(["large"], run.Received());
        Assert.Equal(["large Received"], await run.ReceiveAsync(overwrite: true));
        AssertSame(large, run, "large");
    }

    private static Task<TransferFixture> OpenAsync(string root) => TransferFixture.OpenAsync(
        root, multipart: options => options with { RangedFileBytes = 200_000, RangeBytes = Range });

    // Rejects every range from an offset on, for as long as the first download lasts.
    private static void FailFrom(TransferFixture run, long offset) => run.Server.Faults.Add(
        "GET",
        "*/large",
        (context, handle) => long.Parse(context.Request.Headers.Range.ToString()[6..].Split('-')[0]) >= offset
            ? Faults.Answer(400)(context, handle)
            : handle(),
        times: 7);

    private static IEnumerable<RecordedRequest> Gets(TransferFixture run) => run.Server.Requests.Where(IsDownload);

    private static bool IsDownload(RecordedRequest request) =>
        request.Method == "GET" && (request.Path.Contains("large") || request.Path.Contains("small"));

    private static IEnumerable<(long From, long To)> Ranges(TransferFixture run) => Gets(run).Select(RangeOf);

    private static (long From, long To) RangeOf(RecordedRequest request)
    {
        string[] ends = request.Headers["Range"]["bytes=".Length..].Split('-');
        return (long.Parse(ends[0]), long.Parse(ends[1]) + 1);
    }

    // Reads the record next to the file.
    private static IEnumerable<ByteRange> Received(TransferFixture run)
    {
        string record = Directory.EnumerateFiles(run.Destination, "*.ranges").Single();
        return File.ReadLines(record).Skip(1).Select(line => System.Text.Json.JsonSerializer.Deserialize<ByteRange>(line));
    }

    private static void AssertSame(ArtifactUpload sent, TransferFixture run, string path) =>
        Assert.Equal(File.ReadAllBytes(sent.Source.Location), File.ReadAllBytes(Path.Combine(run.Destination, path)));
}
