using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tests.Artifacts;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests proxy pages instead of a server's JSON: the status decides, and the page only adds its title.</summary>
public sealed class HtmlResponseTests
{
    private const string PathAdvice = "path of the tracking URI";

    private static readonly Uri Server = new("http://mlflow.example.com:5000/");

    public static TheoryData<int> Refusals =>
        [.. Enumerable.Range(400, 52).Where(status => status is not (401 or 403 or 404 or 405 or 410))];

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_page_says_nothing_about_the_path_unless_its_status_does(int status)
    {
        MlflowException e = From(status, Page($"{status} Some &amp; Reason"));
        Assert.DoesNotContain(PathAdvice, e.Message);
        Assert.Contains("Some & Reason", e.Message);
        Assert.Contains(status.ToString(System.Globalization.CultureInfo.InvariantCulture), e.Message);
        Assert.Equal(status == 407 ? ErrorKind.TrackingServerUnreachable : ErrorKind.ServerError, e.Kind);
        Assert.Equal((status, Failures.IsTransient(status)), (e.StatusCode, e.IsTransient));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(410)]
    public void A_page_with_a_status_about_the_path_says_to_check_it(int status)
    {
        MlflowException e = From(status, Page($"{status} Some Reason"));
        Assert.Equal(ErrorKind.NotAnMlflowServer, e.Kind);
        Assert.Contains("with a web page instead of JSON: Some Reason. Check the " + PathAdvice, e.Message);
    }

    [Theory]
    [InlineData(500, false)]
    [InlineData(501, false)]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(504, true)]
    [InlineData(507, false)]
    public void A_page_of_a_gateway_points_to_it_and_one_of_the_server_does_not(int status, bool gateway)
    {
        MlflowException e = From(status, Page("Some Reason"));
        Assert.Equal((ErrorKind.ServerError, gateway), (e.Kind, e.Message.Contains("gateway")));
        Assert.Contains($"returned {status}: Some Reason.", e.Message);
    }

    [Theory]
    [InlineData(401, ErrorKind.AuthenticationFailed)]
    [InlineData(403, ErrorKind.PermissionDenied)]
    public void A_page_about_the_credentials_stays_what_it_was(int status, ErrorKind kind) =>
        Assert.Equal((kind, false), (From(status, Page("x")).Kind, From(status, Page("x")).Message.Contains(PathAdvice)));

    [Theory]
    [InlineData("<html><head><title>413 Request Entity Too Large</title></head></html>", "Request Entity Too Large")]
    [InlineData("\uFEFF <!DOCTYPE html><TITLE>\n HTTP Error 413 - Too&nbsp;large </TITLE>", "Too large")]
    [InlineData("<html><body><h1>Too <b>large</b></h1></body></html>", "Too large")]
    [InlineData("<html><body>no title</body></html>", "")]
    [InlineData("<title>never closed", "")]
    public void The_title_is_found(string page, string expected) => Assert.Equal(expected, HtmlTitle.Of(page, 413).Replace('\u00A0', ' '));

    [Fact]
    public void A_large_request_and_a_proxy_that_wants_credentials_say_what_to_change()
    {
        Assert.Contains(
            "returned 413: Request Entity Too Large. The request is larger", From(413, Page("413 Request Entity Too Large")).Message);
        Assert.Contains("client_max_body_size", From(413, "").Message);
        Assert.Contains(
            "The proxy in front of http://mlflow.example.com:5000 requires credentials (407): Proxy Authentication Required. Set",
            From(407, Page("407 Proxy Authentication Required")).Message);
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    [InlineData("3.17")]
    public async Task A_file_that_is_too_large_fails_alone(string version)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(version);
        run.Server.Faults.Add("PUT", "*/b.bin", Faults.Answer(413, Page("413 Request Entity Too Large"), "text/html"));

        string[] results = await run.SendAsync([run.File("a.txt", 10), run.File("b.bin", 70_000), run.File("c.txt", 10)], resend: true,
            parallelism: 1);

        Assert.Equal(("a.txt Sent", "c.txt Sent"), (results[0], results[2]));
        Assert.Matches(@"^b\.bin .*returned 413: Request Entity Too Large\. .*client_max_body_size.* b\.bin has 70000 bytes\.$",
            results[1].Replace(run.Folder, "").Replace('\\', '/').Replace("/files/", " "));
        Assert.Empty(run.Retries);
    }

    [Theory]
    [InlineData(504, "2.17")]
    [InlineData(504, "3.11")]
    [InlineData(504, "3.17")]
    [InlineData(502, "3.17")]
    public async Task A_file_that_arrived_before_the_gateway_gave_up_is_not_sent_again(int status, string version)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(version, retries: 0);
        run.Server.Faults.Add("PUT", "*", GiveUp(status, handles: true), times: 2);
        Assert.Equal(["a.bin Sent", "größe.txt Sent"],
            await run.SendAsync([run.File("a.bin", 70_000), run.File("größe.txt", 7)], resend: true));
        Assert.Equal((2, 0), (run.Puts.Length, run.Retries.Count));
    }

    [Theory]
    [InlineData("2.17", 0)]
    [InlineData("3.11", 0)]
    [InlineData("3.11", 70_000)]
    [InlineData("3.17", 70_000)]
    [InlineData("3.17", 90_000)]
    public async Task A_file_that_did_not_arrive_is_sent_again_whatever_was_there_before(string version, int before)
    {
        await using TransferFixture run = await TransferFixture.OpenAsync(version);
        if (before > 0)
            await run.SendAsync([run.File("a.bin", before)], resend: true);
        int puts = run.Puts.Length;
        run.Server.Faults.Add("PUT", "*", GiveUp(504, handles: false));
        ArtifactUpload file = run.File("a.bin", 70_000);

        Assert.Equal(["a.bin Sent"], await run.SendAsync([file], resend: true));

        Assert.Equal((2, 1), (run.Puts.Length - puts, run.Retries.Count));
        Assert.Equal(await File.ReadAllBytesAsync(file.File.FullName, TestContext.Current.CancellationToken),
            run.Server.ArtifactsOf(run.Run.RunId)["a.bin"].Bytes);
    }

    private static MlflowException From(int status, string body) =>
        ServerErrors.From(status, "text/html", body, null, null, Server, ErrorKind.RunNotFound);

    private static string Page(string title) =>
        $"<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center><hr>nginx</body>\r\n</html>\r\n";

    // The whole body reaches the gateway, but not always the server behind it.
    private static Fault GiveUp(int status, bool handles) => async (context, handle) =>
    {
        Stream wire = context.Response.Body;
        context.Response.Body = Stream.Null;
        if (handles)
            await handle();
        else
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        context.Response.Body = wire;
        context.Response.Headers.Clear();
        await Faults.ProxyPage(status)(context, handle);
    };
}
