using System.Text;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Common;

public sealed class RedactorTests
{
    private const string Secret = "hush-h&sh/42";

    private readonly Redactor _redactor = new();

    public RedactorTests() => _redactor.Add(Secret);

    [Theory]
    [InlineData("it was hush-h&sh/42!", "it was ***!")]
    [InlineData("?token=hush-h%26sh%2F42&x", "?token=***&x")]
    [InlineData("<b>hush-h&amp;sh/42</b>", "<b>***</b>")]
    [InlineData("nothing", "nothing")]
    public void A_secret_is_masked_in_each_form_in_which_it_is_repeated(string text, string expected) => Assert.Equal(expected, _redactor.Clean(text));

    [Fact]
    public void The_longest_of_the_secrets_in_one_another_is_masked()
    {
        _redactor.Add("hush");
        Assert.Equal("***", _redactor.Clean(Secret));
    }

    [Theory]
    [InlineData("http://ada:42@host:4242/42 answered 42", "http://ada:***@host:4242/42 answered 42")]
    [InlineData("http://42@host/", "http://***@host/")]
    [InlineData("Authorization: Bearer 42, 42", "Authorization: Bearer ***, 42")]
    [InlineData("authorization: bearer 42", "authorization: bearer ***")]
    [InlineData("Bearer 421", "Bearer 421")]
    [InlineData("42 rows", "42 rows")]
    [InlineData("http://ada:a%23@host", "http://ada:***@host")]
    public void A_short_secret_is_masked_where_only_a_secret_can_be(string text, string expected)
    {
        _redactor.Add("42", "a#");
        Assert.Equal(expected, _redactor.Clean(text));
        Assert.Equal(expected, Encoding.UTF8.GetString(_redactor.Clean(new ArraySegment<byte>(Encoding.UTF8.GetBytes(text)))));
        Assert.Equal(expected, _redactor.Clean(new InvalidOperationException(text)).Message);
    }

    [Fact]
    public void A_short_password_is_masked_in_basic_authentication()
    {
        _redactor.AddUri("http://ada:7@host");
        string sent = Convert.ToBase64String(Encoding.UTF8.GetBytes("ada:7"));
        Assert.Equal("Basic *** http://ada:***@host 7", _redactor.Clean($"Basic {sent} http://ada:7@host 7"));
    }

    [Fact]
    public void Basic_authentication_is_masked_as_it_is_sent()
    {
        _redactor.AddBasic("ada", "open-sesame");
        Assert.Equal("Basic ***", _redactor.Clean("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("ada:open-sesame"))));
    }

    [Theory]
    [InlineData("https://ada:p%40ssword@host/x", "p@ssword")]
    [InlineData("https://ada:p@ssword@host/x", "p@ssword")]
    [InlineData("https://ghp-token@host/x.git", "ghp-token")]
    [InlineData("postgresql://ada:p/a#s@host/x", "p/a#s")]
    public void The_password_in_a_URI_is_a_secret(string uri, string password)
    {
        _redactor.AddUri(uri);
        Assert.Equal("***", _redactor.Clean(password));
    }

    [Theory]
    [InlineData("https://host:5000/user@example.com")]
    [InlineData("wasbs://container@account.blob.core.windows.net/x")]
    public void A_URI_without_a_password_has_no_secret(string uri)
    {
        _redactor.AddUri(uri);
        Assert.Equal(uri, _redactor.Clean(uri));
    }

    [Fact]
    public void An_exception_without_a_secret_stays_as_it_is()
    {
        var e = new InvalidOperationException("outer", new IOException("inner"));
        Assert.Same(e, _redactor.Clean(e));
    }

    [Fact]
    public void Messages_inner_exceptions_text_and_data_of_an_exception_are_masked()
    {
        var inner = new IOException($"inner {Secret}");
        inner.Data["proxy"] = Secret;
        Exception[] all =
        [
            new MlflowException(ErrorKind.ServerError, $"outer {Secret}", inner) { Target = Secret, ErrorCode = Secret, RequestId = Secret, StatusCode = 500, IsTransient = true },
            new MlflowException(ErrorKind.ServerError, "outer", new HttpRequestException("middle", inner)),
            new AggregateException(new InvalidOperationException("one"), inner),
            new FileNotFoundException("no file", $"/x/{Secret}"),
            new MlflowException(ErrorKind.InvalidValue, "target only") { Target = Secret },
        ];
        inner.Data[Secret] = "as a key";
        foreach (Exception clean in all.Select(_redactor.Clean))
        {
            for (Exception? e = clean; e is not null; e = e.InnerException)
            {
                Assert.DoesNotContain(Secret, e.Message + e);
                Assert.DoesNotContain(Secret, string.Concat(e.Data.Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}")));
                Assert.DoesNotContain(Secret, e is MlflowException known ? $"{known.Target}{known.ErrorCode}{known.RequestId}" : "");
            }
        }

        var first = (MlflowException)_redactor.Clean(all[0]);
        Assert.Equal((ErrorKind.ServerError, 500, true), (first.Kind, first.StatusCode, first.IsTransient));
    }

    [Fact]
    public void The_bytes_of_a_log_are_changed_only_where_a_secret_is()
    {
        var other = new ArraySegment<byte>([0xFF, (byte)'\n']);
        Assert.Equal(other, _redactor.Clean(other));
        byte[] log = Encoding.UTF8.GetBytes($"x {Secret}\r\n");
        Assert.Equal("x ***\r\n", Encoding.UTF8.GetString(_redactor.Clean(new ArraySegment<byte>(log))));
    }

    [Fact]
    public void Options_that_are_made_of_others_know_the_same_secrets_and_equality_does_not_depend_on_them()
    {
        var options = new ConnectionOptions { Token = Secret };
        Assert.Equal("***", options.ForOtherHosts().Redactor.Clean(Secret));
        Assert.Equal(new ConnectionOptions { Token = Secret }, options);
    }

    [Fact]
    public async Task What_a_server_repeats_is_masked()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        foreach (string contentType in new[] { "application/json", "text/plain" })
        {
            string body = contentType == "text/plain" ? $"you are Bearer {Secret}" : $$"""{"error_code": "{{Secret}}", "message": "Bearer {{Secret}}"}""";
            server.Faults.Add("*", "*", Faults.Answer(400, body, contentType, ("x-request-id", Secret)));
            using var store = new RestStore(server.Uri, new ConnectionOptions { Token = Secret });
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => store.SearchExperimentsAsync(new ExperimentSearch(), null, default));
            Assert.Contains("Bearer ***", e.Message);
            Assert.DoesNotContain(Secret, $"{e}{e.ErrorCode}{e.RequestId}");
        }
    }
}
