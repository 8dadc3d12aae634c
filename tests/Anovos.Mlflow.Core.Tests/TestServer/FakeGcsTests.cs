using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.TestServer;
using Google.Apis.Auth.OAuth2;

namespace Anovos.Mlflow.Tests.TestServer;

/// <summary>The fake of Google Cloud Storage refuses what its documentation says that the real one refuses.</summary>
public sealed class FakeGcsTests : IAsyncLifetime
{
    private const int Chunk = 256 << 10;
    private const string Media = "upload/storage/v1/b/artifacts/o?uploadType=media&name=";
    private const string Scope = "https://www.googleapis.com/auth/devstorage.";

    private readonly HttpClient _http = new();
    private FakeCloud _cloud = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cloud = await CloudStores.StartFakeAsync("gcs");
        _http.BaseAddress = _cloud.Uri;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _cloud.DisposeAsync();
    }

    [Fact]
    public async Task A_request_needs_a_token_of_the_server_and_a_scope_that_allows_it()
    {
        Assert.Equal((401, "required"), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o"));
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "ya29.unknown");
        Assert.Equal((401, "authError"), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o"));
        await SignInAsync("read_only");
        Assert.Equal((200, ""), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o"));
        Assert.Equal((403, "insufficientPermissions"), await SendAsync(HttpMethod.Post, Media + "a", "b"));
        Assert.Equal((404, "notFound"), await SendAsync(HttpMethod.Get, "storage/v1/b/no-such-bucket/o"));
        Assert.Equal((501, "NotImplemented"), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o?matchGlob=a"));
    }

    [Fact]
    public async Task A_slash_in_a_name_has_to_be_escaped()
    {
        await SignInAsync("read_write");
        Assert.Equal((200, ""), await SendAsync(HttpMethod.Post, Media + "a%2Fb", "c"));
        Assert.Equal((200, ""), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o/a%2Fb"));
        Assert.Equal((501, "NotImplemented"), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o/a/b"));
        Assert.Equal((400, "invalid"), await SendAsync(HttpMethod.Post, Media + "a%0Ab", "c"));
    }

    [Theory]
    [InlineData("bytes 0-99/1000000", 100, 400)]
    [InlineData("bytes 0-262143/1000000", 100, 400)]
    [InlineData("bytes 262144-524287/1000000", Chunk, 400)]
    [InlineData("bytes 0-262143/500000", Chunk, 400)]
    [InlineData("bytes 0-262143", Chunk, 400)]
    [InlineData("bytes 0-262143/1000000", Chunk, 308)]
    [InlineData("bytes 0-262143/*", Chunk, 308)]
    [InlineData("bytes */1000000", 0, 308)]
    public async Task A_chunk_has_to_continue_what_is_there_in_multiples_of_256_KiB(string range, int length, int expected)
    {
        await SignInAsync("read_write");
        Uri session = await BeginAsync("{\"name\": \"a\"}", 1_000_000);

        using HttpResponseMessage response = await PutAsync(session, new byte[length], range);

        Assert.Equal(expected, (int)response.StatusCode);
        Assert.Equal(expected == 308 && length > 0, response.Headers.TryGetValues("Range", out IEnumerable<string>? stored));
        Assert.True(stored is null || stored.Single() == "bytes=0-262143");
    }

    [Fact]
    public async Task A_session_ends_with_its_object_or_when_it_is_cancelled()
    {
        await SignInAsync("read_write");
        string wrong = Convert.ToBase64String(MD5.HashData("another"u8));
        Uri damaged = await BeginAsync($"{{\"name\": \"a\", \"md5Hash\": \"{wrong}\"}}", 1);
        Assert.Equal(400, (int)(await PutAsync(damaged, [1], "bytes 0-0/1")).StatusCode);
        Uri session = await BeginAsync("{\"name\": \"a\"}", 1);
        Assert.Equal(200, (int)(await PutAsync(session, [1], "bytes 0-0/1")).StatusCode);
        Assert.Equal(200, (int)(await PutAsync(session, [], "bytes */1")).StatusCode);
        using HttpResponseMessage cancelled = await _http.DeleteAsync(damaged, Cancellation);
        Assert.Equal(499, (int)cancelled.StatusCode);
        Assert.Equal(410, (int)(await PutAsync(damaged, [1], "bytes 0-0/1")).StatusCode);
    }

    [Fact]
    public async Task A_rewrite_continues_by_its_token_and_takes_whole_mebibytes()
    {
        await SignInAsync("read_write");
        Uri session = await BeginAsync("{\"name\": \"a\"}", 3 << 19);
        (await PutAsync(session, new byte[3 << 19], $"bytes 0-{(3 << 19) - 1}/{3 << 19}")).Dispose();
        const string Rewrite = "storage/v1/b/artifacts/o/a/rewriteTo/b/artifacts/o/b?maxBytesRewrittenPerCall=";
        Assert.Equal((400, "invalid"), await SendAsync(HttpMethod.Post, Rewrite + "1000000"));
        using HttpResponseMessage first = await _http.PostAsync(Rewrite + "1048576", null, Cancellation);
        JsonElement reached = JsonSerializer.Deserialize<JsonElement>(await first.Content.ReadAsStringAsync(Cancellation));
        Assert.False(reached.GetProperty("done").GetBoolean());
        Assert.Equal("1048576", reached.GetProperty("totalBytesRewritten").GetString());
        Assert.Equal((404, "notFound"), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o/b"));
        Assert.Equal((400, "invalid"), await SendAsync(HttpMethod.Post, Rewrite + "1048576&rewriteToken=unknown"));
        string next = $"&rewriteToken={reached.GetProperty("rewriteToken").GetString()}";
        Assert.Equal((200, ""), await SendAsync(HttpMethod.Post, Rewrite + "1048576" + next));
        Assert.Equal((200, ""), await SendAsync(HttpMethod.Get, "storage/v1/b/artifacts/o/b"));
        Assert.Equal((412, "conditionNotMet"), await SendAsync(HttpMethod.Post, Rewrite + "1048576&ifSourceGenerationMatch=1"));
    }

    private async Task SignInAsync(string scope)
    {
        string path = GoogleKeys.WriteFile(CloudStores.GcsAccount, _cloud.Uri);
        GoogleCredential credential =
            await CredentialFactory.FromFileAsync(path, JsonCredentialParameters.ServiceAccountCredentialType, Cancellation);
        ITokenAccess access = credential.CreateScoped(Scope + scope);
        string token = await access.GetAccessTokenForRequestAsync(cancellationToken: Cancellation);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    private async Task<Uri> BeginAsync(string metadata, long length)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "upload/storage/v1/b/artifacts/o?uploadType=resumable")
        {
            Content = new StringContent(metadata, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Upload-Content-Length", $"{length}");
        using HttpResponseMessage response = await _http.SendAsync(request, Cancellation);
        return response.Headers.Location!;
    }

    private Task<HttpResponseMessage> PutAsync(Uri session, byte[] body, string range)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Range", range);
        return _http.PutAsync(session, content, Cancellation);
    }

    private async Task<(int Status, string Reason)> SendAsync(HttpMethod method, string address, string? body = null)
    {
        using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : new StringContent(body) };
        using HttpResponseMessage response = await _http.SendAsync(request, Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        if (response.IsSuccessStatusCode)
            return ((int)response.StatusCode, "");
        JsonElement error = JsonSerializer.Deserialize<JsonElement>(text).GetProperty("error");
        return ((int)response.StatusCode, error.GetProperty("errors")[0].GetProperty("reason").GetString()!);
    }
}
