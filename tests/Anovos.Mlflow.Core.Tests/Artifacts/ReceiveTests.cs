using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Downloaded files are complete and in the right place, whatever a server lists or returns.</summary>
public sealed class ReceiveTests
{
    private const string Content = "*mlflow-artifacts/artifacts/*";

    private static readonly string[] Names = ["a.txt", "b c.txt", "50%.csv", "a+b.csv", "größe 世.txt", "_SUCCESS", "..hidden"];

    public static TheoryData<string> Roots => TransferFixture.Roots;

    [Theory]
    [MemberData(nameof(Roots))]
    public async Task Files_come_back_byte_for_byte_and_a_second_time_are_unchanged(string root)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(root);
        ArtifactUpload[] files = [.. Names.Select((name, i) => run.File($"d/größe/{name}", name[0] == '_' ? 0 : 100_000 * i + 1)), run.File("top", 3)];
        await run.SendAsync(files);
        List<long> progress = [];

        string[] results = await run.ReceiveAsync(progress: step =>
        {
            lock (progress)
                progress.Add(step.BytesSent);
        });

        Assert.All(results, result => Assert.EndsWith(" Received", result));
        Assert.Equal(files.Select(file => file.ArtifactPath).Order(StringComparer.Ordinal), run.Received());
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(file.File.FullName), File.ReadAllBytes(Path.Combine(run.Destination, file.ArtifactPath))));
        Assert.Equal(files.Sum(file => file.Length), progress.Max());
        Assert.All(await run.ReceiveAsync("d"), result => Assert.EndsWith(" Unchanged", result));

        File.WriteAllText(Path.Combine(run.Destination, "top"), "xyz");
        File.WriteAllText(Path.Combine(run.Destination, "d", "größe", "a.txt"), "longer");
        Assert.Contains("-Force", Assert.Single(await run.ReceiveAsync("top")));
        Assert.Contains("-Force", Assert.Single(await run.ReceiveAsync("d/größe/a.txt")));
        Assert.Equal("xyz", File.ReadAllText(Path.Combine(run.Destination, "top")));
        Assert.Equal(["top Received"], await run.ReceiveAsync("top", overwrite: true));
        Assert.Equal(files.Length, run.Received().Length);
    }

    [Theory]
    [MemberData(nameof(Roots))]
    public async Task What_is_not_there_is_no_reason_to_try_again(string root)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(root);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.ReceiveAsync("nothing.txt", new MemoryStream(), _ => { }, default));
        Assert.Equal(ErrorKind.ArtifactNotFound, e.Kind);
        e = await Assert.ThrowsAsync<MlflowException>(() => run.ReceiveAsync("nothing.txt"));
        Assert.Equal(ErrorKind.ArtifactNotFound, e.Kind);
        Assert.Empty(run.Retries);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_begun_again_from_zero()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        ArtifactUpload file = run.File("a", 500_000);
        await run.SendAsync([file]);
        run.Server.Faults.Add("GET", Content, Faults.Truncate(100_000));
        run.Server.Faults.Add("GET", Content, Faults.Unavailable());
        Assert.Equal(["a Received"], await run.ReceiveAsync());
        Assert.Equal(2, run.Retries.Count);
        Assert.Equal(File.ReadAllBytes(file.File.FullName), File.ReadAllBytes(Path.Combine(run.Destination, "a")));
    }

    [Fact]
    public async Task A_listing_that_breaks_off_is_asked_for_again_and_one_that_is_none_is_an_error()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("a", 5)]);
        run.Server.Faults.Add("GET", "*mlflow-artifacts/artifacts", Faults.Truncate(10));
        Assert.Equal(["a Received"], await run.ReceiveAsync());
        foreach (string listing in new[] { "[", "[]", "{\"files\": 7}", "{\"files\": [{}]}", "{\"files\": [{\"path\": \"a\", \"file_size\": \"x\"}]}", "{\"files\": [{\"path\": \"\\ud800\"}]}", "<html>" })
        {
            run.Lists(listing);
            Assert.Equal(ErrorKind.NotAnMlflowServer, (await Assert.ThrowsAsync<MlflowException>(() => run.ReceiveAsync())).Kind);
        }
    }

    [Fact]
    public async Task A_file_of_another_length_than_listed_is_not_kept_and_stops_no_other()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("a", 50), run.File("b", 50), run.File("c", 50)]);
        run.Server.Faults.Add("GET", Content + "a", Faults.Answer(200, "short", "text/plain"), times: 3);
        run.Server.Faults.Add("GET", Content + "b", Faults.Endless);
        string[] results = await run.ReceiveAsync();
        Assert.Contains("Received 5 bytes, but the run lists 50", results[0]);
        Assert.Contains("Received more than the 50 bytes", results[1]);
        Assert.Equal("c Received", results[2]);
        Assert.Equal(["c"], run.Received());
    }

    [Fact]
    public async Task Cancelling_leaves_no_temporary_file()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        run.Lists("""{"files": [{"path": "a", "is_dir": false, "file_size": 1000000000000}]}""");
        run.Server.Faults.Add("GET", Content, Faults.Endless);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.ReceiveAsync(cancellationToken: stop.Token, progress: step =>
        {
            if (step.BytesSent > 1_000_000)
                stop.Cancel();
        }));
        Assert.Empty(run.Received());
    }

    [Fact]
    public async Task A_hostile_listing_leads_nowhere_but_into_the_destination()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("good", 7)]);
        string[] names =
        [
            "..", "../evil", "../../evil", "/etc/evil", "//evil", "a/../../evil", ".", "", "C:", "C:\\evil", "C:/evil", "..\\evil", "\\\\host\\evil",
            "nul\0evil", "line\nevil", "\u001b[31mevil", "a/b", "./evil", "d/",
        ];
        string listing = string.Join(",", names.SelectMany(name => new[] { (name, false), (name, true) }).Select(entry => $$"""{"path": {{JsonSerializer.Serialize(entry.name)}}, "is_dir": {{(entry.Item2 ? "true" : "false")}}, "file_size": 9223372036854775807}"""));
        run.Lists($$"""{"files": [{{listing}}, {"path": "good", "is_dir": false, "file_size": 7}]}""");
        string before = string.Join("\n", Directory.EnumerateFiles(run.Folder, "*", SearchOption.AllDirectories).Order());

        string[] results = await run.ReceiveAsync();

        Assert.Equal(2 * names.Length, results.Count(result => result.Contains("not downloaded", StringComparison.Ordinal)));
        Assert.Contains("good Received", results);
        Assert.Equal(["good"], run.Received());
        Directory.Delete(run.Destination, recursive: true);
        Assert.Equal(before, string.Join("\n", Directory.EnumerateFiles(run.Folder, "*", SearchOption.AllDirectories).Order()));
        Assert.All(results, result => Assert.DoesNotContain(result, char.IsControl));
        Assert.All(run.Server.Requests, request => Assert.DoesNotContain("evil", request.Path));
    }

    [Fact]
    public async Task A_listing_without_end_ends()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        run.Lists("""{"files": [{"path": "x", "is_dir": true}]}""", times: 10_000);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => run.ReceiveAsync());
        Assert.Equal(ErrorKind.ServerError, e.Kind);
    }

    [Fact]
    public async Task A_link_in_the_destination_is_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a right there");
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("d/e/a", 7), run.File("f", 7), run.File("ok/b", 7)]);
        string outside = Directory.CreateDirectory(Path.Combine(run.Folder, "outside")).FullName;
        Directory.CreateDirectory(run.Destination);
        Directory.CreateSymbolicLink(Path.Combine(run.Destination, "d"), outside);
        File.WriteAllText(Path.Combine(outside, "f"), "seven !");
        File.CreateSymbolicLink(Path.Combine(run.Destination, "f"), Path.Combine(outside, "f"));

        string[] results = await run.ReceiveAsync();
        Assert.Contains("is a link", results[0]);
        Assert.Contains("-Force", results[1]);
        Assert.Equal("ok/b Received", results[2]);

        // The link is replaced, not its target.
        Assert.Equal("f Received", (await run.ReceiveAsync(overwrite: true))[1]);
        Assert.Equal("seven !", File.ReadAllText(Path.Combine(outside, "f")));
        Assert.Equal(["f"], Directory.EnumerateFileSystemEntries(outside).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Names_that_are_one_file_in_the_destination_do_not_overwrite_each_other()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("d/a.txt", 5), run.File("D/A.txt", 6), run.File("é", 7), run.File("e\u0301", 8)]);
        string[] results = await run.ReceiveAsync(ignoresCase: true);
        Assert.Equal(2, results.Count(result => result.Contains("the same file", StringComparison.Ordinal)));
        Assert.Equal(2, run.Received().Length);
        run.Lists("""{"files": [{"path": "x", "file_size": 1}, {"path": "x", "file_size": 2}]}""");
        run.Server.Faults.Add("GET", Content + "x", Faults.Answer(200, "1", "text/plain"), times: 2);
        Assert.Single(await run.ReceiveAsync(ignoresCase: false), result => result.Contains("the same file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_stops_no_other()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("blocked/a", 5), run.File("folder", 5), run.File("ok", 5)]);
        Directory.CreateDirectory(Path.Combine(run.Destination, "folder"));
        File.WriteAllText(Path.Combine(run.Destination, "blocked"), "a file");
        string[] results = await run.ReceiveAsync(overwrite: true);
        Assert.Contains("blocked", results[0]);
        Assert.Contains("is a folder", results[1]);
        Assert.Equal("ok Received", results[2]);
        Assert.Equal(["blocked", "ok"], run.Received());
    }

    [Fact]
    public async Task A_full_disk_is_no_reason_to_ask_the_server_again()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("a", 100_000)]);
        await Assert.ThrowsAsync<IOException>(() => run.Artifacts.ReceiveAsync("a", new FullDisk(), _ => { }, default));
        Assert.Empty(run.Retries);
    }

    [Theory]
    [InlineData("CON")]
    [InlineData("nul.txt")]
    [InlineData("Com1")]
    [InlineData("LPT9.tar.gz")]
    [InlineData("COM¹")]
    [InlineData("aux .txt")]
    [InlineData("CONIN$")]
    [InlineData("trailing.")]
    [InlineData("trailing ")]
    [InlineData("C:evil")]
    [InlineData("file:stream")]
    [InlineData("what?")]
    [InlineData("a|b")]
    public void Windows_takes_no_such_name(string name)
    {
        Assert.NotNull(ListedName.WhyRefused(name, windows: true));
        Assert.Null(ListedName.WhyRefused(name, windows: false));
    }

    [Theory]
    [InlineData("a.txt")]
    [InlineData("..hidden")]
    [InlineData("console")]
    [InlineData("COM10")]
    [InlineData("größe 世.txt")]
    public void A_usual_name_is_taken_everywhere(string name) => Assert.Null(ListedName.WhyRefused(name, windows: true));

    private sealed class FullDisk : MemoryStream
    {
        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw new IOException("No space left on device");
    }
}
