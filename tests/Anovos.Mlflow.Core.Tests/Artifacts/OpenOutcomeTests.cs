using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.TestServer;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Requests that fail after the server may have executed them: the client checks the outcome before it sends them again.</summary>
public sealed class OpenOutcomeTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(500);

    public static TheoryData<string, string> Endings
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string version in new[] { "2.17", "3.11", "3.17" })
            {
                foreach (string failure in new[] { "502", "503", "504", "timeout", "broken", "reset" })
                    data.Add(failure, version);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task A_file_that_arrived_is_not_sent_again(string failure, string version)
    {
        await using TransferFixture run = await OpenAsync(failure, version);
        run.Server.Faults.Add("PUT", "*", After(failure));
        ArtifactUpload file = run.File("a.bin", 70_000);
        long counted = 0;

        Assert.Equal(["a.bin Sent"], await run.SendAsync([file], resend: true, progress: progress => counted = progress.BytesSent));

        Assert.Equal((1, 1, 70_000), (run.Puts.Length, run.Retries.Count, counted));
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)["a.bin"].Sha256);
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task Without_retries_it_looks_before_it_gives_up(string failure, string version)
    {
        await using TransferFixture run = await OpenAsync(failure, version, retries: 0);
        run.Server.Faults.Add("PUT", "*", After(failure));
        Assert.Equal(["a.bin Sent"], await run.SendAsync([run.File("a.bin", 70_000)], resend: true));
        Assert.Equal((1, 0), (run.Puts.Length, run.Retries.Count));
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    [InlineData("3.17")]
    public async Task A_file_that_arrives_late_is_not_sent_again(string version)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(version);
        using var body = new MemoryStream();
        run.Server.Faults.Add("PUT", "*", async (context, handle) =>
        {
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            await Faults.ProxyPage(504)(context, handle);
        });
        run.Server.Faults.Add("GET", "*/a.bin", async (context, handle) =>
        {
            // The proxy's own request reaches the server at last.
            using var proxy = new HttpClient { DefaultRequestHeaders = { { "Via", "1.1 proxy" } } };
            using var content = new ByteArrayContent(body.ToArray());
            (await proxy.PutAsync(new Uri(run.Server.Uri, context.Request.GetEncodedPathAndQuery()), content, context.RequestAborted))
                .EnsureSuccessStatusCode();
            await handle();
        });

        Assert.Equal(["a.bin Sent"], await run.SendAsync([run.File("a.bin", 70_000)], resend: true));

        // It checks after the wait, not before it.
        Assert.Equal([false, true], run.Server.Requests.Where(request => request.Method == "PUT")
            .Select(request => request.Headers.ContainsKey("Via")));
        Assert.Single(run.Retries);
    }

    [Fact]
    public async Task An_older_file_of_the_same_length_is_not_taken_for_it()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("a.bin", 70_000)], resend: true);
        ArtifactUpload file = run.File("a.bin", 70_000);
        run.Server.Faults.Add("PUT", "*", Swallow("504"));
        Assert.Equal(["a.bin Sent"], await run.SendAsync([file], resend: true));
        Assert.Equal((3, HashOf(file)), (run.Puts.Length, run.Server.ArtifactsOf(run.Run.RunId)["a.bin"].Sha256));
    }

    [Fact]
    public async Task A_look_that_fails_is_not_repeated_and_the_file_is_sent_again()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        run.Server.Faults.Add("PUT", "*", After("504"));
        run.Server.Faults.Add("GET", "*/a.bin", Faults.Unavailable(), times: 9);
        Assert.Equal(["a.bin Sent"], await run.SendAsync([run.File("a.bin", 70_000)], resend: true));
        Assert.Equal((2, 1), (run.Puts.Length, LooksAt(run, "/a.bin")));
    }

    [Theory]
    [InlineData("half")]
    [InlineData("429")]
    [InlineData("500")]
    public async Task It_does_not_look_where_the_file_cannot_have_arrived(string failure)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        run.Server.Faults.Add("PUT", "*", failure == "half" ? Faults.CloseWithin(1000) : Swallow(failure));
        Assert.Equal(["a.bin Sent"], await run.SendAsync([run.File("a.bin", 20_000_000)], resend: true));
        Assert.Equal((2, 0), (run.Puts.Length, LooksAt(run, "/a.bin")));
    }

    [Theory]
    [InlineData("502")]
    [InlineData("504")]
    [InlineData("broken")]
    [InlineData("timeout")]
    public async Task An_upload_in_parts_that_was_completed_is_not_completed_or_sent_again(string failure)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", inParts: true,
            timeout: failure == "timeout" ? TimeSpan.FromSeconds(2) : null);
        run.Server.Faults.Add("POST", "*/mpu/complete*", After(failure));
        ArtifactUpload file = run.File("big", 1_050_000);

        Assert.Equal(["big Sent"], await run.SendAsync([file]));

        Assert.Single(run.Server.Requests, request => request.Path.Contains("/mpu/create"));
        Assert.Single(run.Server.Requests, request => request.Path.Contains("/mpu/complete"));
        Assert.Equal(HashOf(file), run.Server.ArtifactsOf(run.Run.RunId)["big"].Sha256);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(run.Folder, "sent"), "*.parts"));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task An_artifact_that_was_removed_is_not_removed_again(string failure, string version)
    {
        await using TransferFixture run = await OpenAsync(failure, version);
        await run.SendAsync([run.File("d/a", 3), run.File("d/b", 3)]);
        run.Server.Faults.Add("DELETE", "*", After(failure));
        await run.Artifacts.DeleteAsync("d/a", TestContext.Current.CancellationToken);
        Assert.Equal((1, 1), (Deletes(run), run.Retries.Count));
        Assert.Equal(["d/b"], run.Server.ArtifactsOf(run.Run.RunId).Keys);
    }

    [Theory]
    [InlineData("504", 0)]
    [InlineData("broken", 0)]
    [InlineData("504", 2)]
    public async Task A_missing_artifact_after_an_open_removal_was_removed_by_it(string failure, int retries)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", retries: retries);
        await run.SendAsync([run.File("a", 3)]);
        run.Server.Faults.Add("DELETE", "*", async (context, handle) =>
        {
            // The listing after it fails once, so that the removal is retried if there are retries.
            if (retries > 0)
                run.Server.Faults.Add("GET", "*mlflow-artifacts/artifacts", Faults.ProxyPage());
            await After(failure)(context, handle);
        });
        run.Server.Faults.Add("DELETE", "*", Missing);
        await run.Artifacts.DeleteAsync("a", TestContext.Current.CancellationToken);
        Assert.Equal((retries > 0 ? 2 : 1, 0), (Deletes(run), run.Server.ArtifactsOf(run.Run.RunId).Count));
    }

    [Fact]
    public async Task An_artifact_that_was_not_removed_is_removed_by_the_next_request()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("a", 3)]);
        run.Server.Faults.Add("DELETE", "*", Swallow("504"));
        await run.Artifacts.DeleteAsync("a", TestContext.Current.CancellationToken);
        Assert.Equal((2, 0), (Deletes(run), run.Server.ArtifactsOf(run.Run.RunId).Count));
    }

    [Fact]
    public async Task A_missing_artifact_is_an_error_where_no_removal_is_open()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11");
        await run.SendAsync([run.File("a", 3)]);
        run.Server.Faults.Add("DELETE", "*", Swallow("429"));
        run.Server.Faults.Add("DELETE", "*", Missing);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.DeleteAsync("a", default));
        Assert.Equal(ErrorKind.ArtifactNotFound, e.Kind);
    }

    [Fact]
    public async Task A_removal_that_no_attempt_made_is_an_error()
    {
        await using TransferFixture run = await TransferFixture.OpenAsync("3.11", retries: 1);
        await run.SendAsync([run.File("a", 3)]);
        run.Server.Faults.Add("DELETE", "*", Swallow("504"), times: 2);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.DeleteAsync("a", default));
        Assert.Equal((504, 1), (e.StatusCode, run.Server.ArtifactsOf(run.Run.RunId).Count));
    }

    private static Fault Missing { get; } =
        Faults.Answer(404, """{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No such artifact: 'a'"}""");

    private static Task<TransferFixture> OpenAsync(string failure, string version, int retries = 2) =>
        TransferFixture.OpenAsync(version, retries: retries, timeout: failure == "timeout" ? Short : null);

    // The server executes the request, but the client gets no response.
    private static Fault After(string failure) => async (context, handle) =>
    {
        await Unanswered(context, handle);
        await EndAsync(failure, context, handle);
    };

    // The request arrives at a proxy, but not at the server.
    private static Fault Swallow(string failure) => async (context, handle) =>
    {
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        await EndAsync(failure, context, handle);
    };

    private static Task EndAsync(string failure, HttpContext context, Func<Task> handle) => failure switch
    {
        "timeout" => Task.Delay(Timeout.Infinite, context.RequestAborted),
        "broken" => Faults.CloseBefore(context, handle),
        "reset" => Faults.Reset(context, handle),
        _ => Faults.ProxyPage(int.Parse(failure, System.Globalization.CultureInfo.InvariantCulture))(context, handle),
    };

    private static async Task Unanswered(HttpContext context, Func<Task> handle)
    {
        Stream wire = context.Response.Body;
        context.Response.Body = Stream.Null;
        await handle();
        context.Response.Body = wire;
        if (!context.Response.HasStarted)
            context.Response.Headers.Clear();
    }

    private static int LooksAt(TransferFixture run, string file) =>
        run.Server.Requests.Count(request => request.Method == "GET" && request.Path.EndsWith(file, StringComparison.Ordinal));

    private static int Deletes(TransferFixture run) => run.Server.Requests.Count(request => request.Method == "DELETE");

    private static string HashOf(ArtifactUpload file) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file.File.FullName)));
}
