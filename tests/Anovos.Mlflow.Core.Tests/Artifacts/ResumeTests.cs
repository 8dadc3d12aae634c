using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Files that the run already has are not sent again, and the bytes sent are those of the file.</summary>
public sealed class ResumeTests
{
    public static TheoryData<string> Roots => TransferFixture.Roots;

    [Theory]
    [MemberData(nameof(Roots))]
    public async Task A_second_time_only_what_is_missing_or_different_is_sent(string root)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(root);
        ArtifactUpload[] files = [run.File("a", 10), run.File("d/b", 20), run.File("d/e/c", 30), run.File("d/e/empty", 0)];
        Assert.All(await run.SendAsync(files), result => Assert.EndsWith(" Sent", result));
        Assert.All(await run.SendAsync(files), result => Assert.EndsWith(" Unchanged", result));

        // A longer file, and one with other bytes of the same length.
        run.File("a", 11);
        run.File("d/b", 20);
        Assert.Equal(["a Sent", "d/b Sent", "d/e/c Unchanged", "d/e/empty Unchanged", "d/f Sent"], await run.SendAsync([.. files, run.File("d/f", 5)]));
        Assert.All(await run.SendAsync(files, resend: true), result => Assert.EndsWith(" Sent", result));
    }

    [Fact]
    public async Task A_touched_or_moved_file_is_known_by_its_bytes()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        ArtifactUpload file = run.File("a", 10);
        await run.SendAsync([file]);
        File.SetLastWriteTimeUtc(file.File.FullName, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(["a Unchanged"], await run.SendAsync([file]));
        string moved = file.File.FullName + ".moved";
        File.Move(file.File.FullName, moved);
        Assert.Equal(["a Unchanged"], await run.SendAsync([new ArtifactUpload(new FileInfo(moved), file.ArtifactPath)]));
    }

    [Fact]
    public async Task A_new_run_costs_one_listing_and_a_known_folder_one_more()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        ArtifactUpload[] files = [.. Enumerable.Range(0, 20).Select(i => run.File($"{i}/x/y", 10))];
        await run.SendAsync(files);
        Assert.Single(run.Server.Requests, IsListing);
        await run.SendAsync([files[3]]);
        Assert.Equal(1 + 3, run.Server.Requests.Count(IsListing));

        static bool IsListing(RecordedRequest request) => request.Method == "GET" && request.Path.Contains("artifacts?path=", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("directory", false, "a Unchanged")]
    [InlineData("3.11", false, "a Sent")]
    [InlineData("3.11", true, "a Unchanged")]
    [InlineData("2.17", true, "a Unchanged")]
    [InlineData("3.17", true, "a Unchanged")]
    public async Task What_another_machine_sent_is_sent_again_unless_its_bytes_can_be_read(string root, bool verify, string expected)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(root);
        ArtifactUpload file = run.File("a", 10);
        await run.SendAsync([file]);
        var other = new SentJournal(run.Run.RunId, Path.Combine(run.Folder, "other machine"));
        Assert.Equal([expected], await run.SendAsync([file], verify: verify, journal: other));
    }

    [Fact]
    public async Task What_the_server_lost_is_sent_again_whatever_the_journal_says()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        ArtifactUpload[] files = [run.File("d/a", 10), run.File("d/b", 10)];
        await run.SendAsync(files);
        run.Lists("{}");
        Assert.All(await run.SendAsync(files), result => Assert.EndsWith(" Sent", result));
    }

    [Fact]
    public async Task An_interrupted_transfer_goes_on_where_it_stopped()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        ArtifactUpload[] files = [.. Enumerable.Range(0, 100).Select(i => run.File($"d{i % 3}/{i}", 100))];
        using var stop = new CancellationTokenSource();
        List<string> done = [];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.SendAsync(files, cancellationToken: stop.Token, completed: path =>
        {
            lock (done)
            {
                done.Add(path);
                if (done.Count == 30)
                    stop.Cancel();
            }
        }));

        string[] second = await run.SendAsync(files);

        string[] unchanged = [.. second.Where(result => result.EndsWith(" Unchanged", StringComparison.Ordinal)).Select(result => result.Split(' ')[0])];
        Assert.Subset(unchanged.ToHashSet(), done.ToHashSet());
        Assert.InRange(unchanged.Length, 30, 40);
        Assert.Equal(100, run.Server.ArtifactsOf(run.Run.RunId).Count());
    }

    [Fact]
    public async Task Reading_back_tells_when_the_server_keeps_something_else()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        ArtifactUpload file = run.File("größe.txt", 100);
        Corrupt();
        Assert.Equal(["größe.txt Sent"], await run.SendAsync([file]));
        Corrupt();
        string failure = Assert.Single(await run.SendAsync([file], verify: true));
        Assert.Contains(Hash(file), failure);
        Assert.Contains("cd00e292c5970d3c5e2f0ffa5171e555bc46bfc4faddfb4a418b6840b86e79a3", failure);
        Assert.Equal(["größe.txt Sent"], await run.SendAsync([file], verify: true));
        Assert.Equal(["größe.txt Unchanged"], await run.SendAsync([file], verify: true));

        void Corrupt() => run.Server.Faults.Add("PUT", "*", (context, handle) =>
        {
            context.Request.Body = new MemoryStream(new byte[100]);
            return handle();
        });
    }

    [Theory]
    [MemberData(nameof(Roots))]
    public async Task A_file_that_changes_while_it_is_sent_is_an_error(string root)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(root);
        (string Name, Action<FileStream> Change)[] changes =
        [
            ("grows", stream => stream.SetLength(4_000_000)),
            ("shrinks", stream => stream.SetLength(1_500_000)),
            ("rewritten", stream => stream.WriteByte(0)),
        ];
        foreach ((string name, Action<FileStream> change) in changes)
        {
            ArtifactUpload file = run.File(name, 3_000_000);
            int changed = 0;
            string result = Assert.Single(await run.SendAsync([file, run.File("other", 10)], resend: true, progress: progress =>
            {
                if (progress.BytesSent < 1_000_000 || Interlocked.Exchange(ref changed, 1) == 1)
                    return;
                using FileStream stream = new(file.File.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
                change(stream);
            }), result => result != "other Sent");
            Assert.Contains(name == "shrinks" && root != "directory" ? "shorter" : "changed during the upload", result);
            Assert.Null(run.Journal().Find(name));
        }
    }

    [Fact]
    public async Task A_journal_is_written_by_several_at_once_and_survives_half_a_line()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("directory");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
        {
            SentJournal journal = run.Journal();
            for (int i = 0; i < 100; i++)
                journal.Add(new SentFile($"{writer}/{i}", "/x", i, 1, "ab", 2));
        })));
        string file = Assert.Single(Directory.GetFiles(Path.Combine(run.Folder, "sent")));
        File.AppendAllText(file, """{"ArtifactPath":"torn""");
        run.Journal().Add(new SentFile("last", "/x", 1, 1, "ab", 2));
        File.AppendAllText(file, "[]\nnull\n{}\n");
        Assert.All(Enumerable.Range(0, 400), i => Assert.Equal(i % 100, run.Journal().Find($"{i / 100}/{i % 100}")!.Length));
        Assert.NotNull(run.Journal().Find("last"));
        Assert.Null(run.Journal().Find("torn"));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("a\n")]
    public async Task A_run_with_an_id_that_is_none_has_no_journal(string id)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("directory");
        new SentJournal(id, Path.Combine(run.Folder, "sent")).Add(new SentFile("a", "/x", 1, 1, "ab", 2));
        Assert.False(Directory.Exists(Path.Combine(run.Folder, "sent")));
    }

    private static string Hash(ArtifactUpload file) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file.File.FullName)));
}
