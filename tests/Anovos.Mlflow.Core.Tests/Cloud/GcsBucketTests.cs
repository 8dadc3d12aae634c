using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>Google Cloud Storage: credentials, refusals and names.</summary>
public sealed class GcsBucketTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
    private FakeCloud _cloud = null!;
    private Dictionary<string, string> _environment = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cloud = await CloudStores.StartFakeAsync("gcs");
        _environment = CloudStores.Environment("gcs", _cloud.Uri);
    }

    public async ValueTask DisposeAsync()
    {
        await _cloud.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("a b+c%41#?&=ü€😀.csv")]
    [InlineData("a%2Fb/c\\d")]
    [InlineData("*~'()!$;:@[]^`{|}\"<>")]
    [InlineData(".hidden/..two/x.")]
    public async Task Every_name_comes_back_as_it_was_sent(string name)
    {
        using IBucket bucket = Open();
        string key = $"root/{name}";
        await SendAsync(bucket, key, "content");

        BucketObject found = Assert.Single(await bucket.ListAsync("root/", recursive: true, Cancellation));
        Assert.Equal((key, 7L), (found.Key, found.Length));
        Assert.Equal(found.ETag, (await bucket.FindAsync(key, Cancellation))!.ETag);
        Assert.Equal("ent", await ReadAsync(bucket, key, found.ETag, 4, 7));
        await CopyAsync(bucket, found, key + " copied");
        Assert.Equal("content", await ReadAsync(bucket, key + " copied"));
        await bucket.DeleteAsync(key, Cancellation);
        await bucket.DeleteAsync(key, Cancellation);
        Assert.Null(await bucket.FindAsync(key, Cancellation));
    }

    [Fact]
    public async Task A_token_that_was_revoked_is_renewed_without_an_error()
    {
        using IBucket bucket = Open();
        await SendAsync(bucket, "a", "content");
        _cloud.Faults.Add("GET", "*", Faults.Answer(401, Refusal(401, "authError", "Invalid Credentials")));

        Assert.Equal(7, (await bucket.FindAsync("a", Cancellation))!.Length);

        Assert.Equal(2, _cloud.Requests.Count(request => request.Path == "/token"));
    }

    [Theory]
    [InlineData(401, "authError", "Invalid Credentials", ErrorKind.AuthenticationFailed, "Invalid Credentials")]
    [InlineData(
        403, "forbidden", "x@y.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud Storage object.",
        ErrorKind.PermissionDenied, "grant storage.objects.create")]
    [InlineData(403, "insufficientPermissions", "Insufficient Permission", ErrorKind.PermissionDenied, "Storage Object User")]
    [InlineData(403, "accountDisabled", "The billing account is disabled.", ErrorKind.PermissionDenied, "The billing account is disabled.")]
    [InlineData(404, "notFound", "The specified bucket does not exist.", ErrorKind.BucketNotFound, "no bucket gs://artifacts")]
    [InlineData(400, "invalid", "Invalid bucket name: 'x'", ErrorKind.BucketNotFound, "Invalid bucket name: 'x'.")]
    [InlineData(400, "invalid", "Invalid object name: a", ErrorKind.ArtifactPathInvalid, "1024 bytes in UTF-8")]
    [InlineData(412, "conditionNotMet", "At least one of the pre-conditions", ErrorKind.ArtifactSendFailed, "was replaced")]
    [InlineData(418, "", "", ErrorKind.ServerError, "Google returned 418.")]
    public async Task A_refusal_says_what_Google_said_and_what_to_do(
        int status, string reason, string message, ErrorKind kind, string expected)
    {
        using IBucket bucket = Open();
        // The library renews a token twice before it gives up.
        _cloud.Faults.Add("POST", "/upload/*", Faults.Answer(status, Refusal(status, reason, message)), times: 3);
        _cloud.Faults.Add("GET", "*", Faults.Answer(status, Refusal(status, reason, message)), times: 3);

        Func<Task>[] requests = [() => SendAsync(bucket, "a", "b"), () => bucket.ListAsync("", recursive: true, default)];
        foreach (Func<Task> work in requests)
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(work);
            Assert.Equal((kind, status, "gs://artifacts"), (e.Kind, e.StatusCode, e.Target));
            Assert.Contains(expected, e.Message);
            AssertNoSecret(e);
        }
    }

    [Theory]
    [InlineData(403, "rateLimitExceeded")]
    [InlineData(429, "rateLimitExceeded")]
    [InlineData(408, "")]
    [InlineData(500, "backendError")]
    [InlineData(503, "backendError")]
    public async Task A_refusal_that_may_pass_is_repeated(int status, string reason)
    {
        List<RetryNotice> retries = [];
        using IBucket bucket = Open(retries);
        _cloud.Faults.Add("POST", "/upload/*", Faults.Answer(status, Refusal(status, reason, "Later.")));

        await SendAsync(bucket, "a", "content");

        Assert.Single(retries);
        Assert.Equal("content", await ReadAsync(bucket, "a"));
    }

    [Theory]
    [InlineData(null, "does not exist")]
    [InlineData("", "is not a JSON file")]
    [InlineData("[]", "has no field 'type'")]
    [InlineData("{\"type\": \"service_account\"}", "is not a complete credentials file")]
    [InlineData("{\"type\": \"other\", \"private_key\": \"hush-42\"}", "is not a complete credentials file")]
    [InlineData(
        "{\"type\": \"service_account\", \"client_email\": \"a\", \"private_key\": \"hush-42\"}",
        "is not a complete credentials file")]
    public async Task A_file_that_holds_no_credentials_is_named_and_its_content_is_not(string? content, string why)
    {
        string path = _environment["GOOGLE_APPLICATION_CREDENTIALS"] = Path.Combine(_folder, "key.json");
        if (content is not null)
            File.WriteAllText(path, content);
        using IBucket bucket = Open();

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => bucket.ListAsync("", recursive: true, default));

        Assert.Equal((ErrorKind.AuthenticationFailed, path), (e.Kind, e.Target));
        Assert.Contains($"{path} (GOOGLE_APPLICATION_CREDENTIALS) {why}", e.Message);
        Assert.DoesNotContain("hush-42", e.ToString());
        Assert.Empty(_cloud.Requests);
    }

    [Theory]
    [InlineData(true, "Invalid JWT Signature")]
    [InlineData(false, "account not found")]
    public async Task A_key_that_Google_does_not_know_is_an_error_with_its_words(bool isKey, string said)
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        _environment["GOOGLE_APPLICATION_CREDENTIALS"] = isKey
            ? GoogleKeys.WriteFile(CloudStores.GcsAccount, _cloud.Uri, key)
            : GoogleKeys.WriteFile("another@anovos-mlflow.iam.gserviceaccount.com", _cloud.Uri);
        using IBucket bucket = Open();

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => bucket.ListAsync("", recursive: true, default));

        Assert.Equal((ErrorKind.AuthenticationFailed, "invalid_grant"), (e.Kind, e.ErrorCode));
        Assert.Contains(said, e.Message);
        AssertNoSecret(e);
    }

    [Fact]
    public async Task Without_credentials_nothing_is_asked_and_the_error_says_where_they_are_looked_for()
    {
        _environment.Remove("GOOGLE_APPLICATION_CREDENTIALS");
        _environment["CLOUDSDK_CONFIG"] = Path.Combine(_folder, "nothing");
        _environment["NO_GCE_CHECK"] = "true";
        using IBucket bucket = Open();

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => bucket.ListAsync("", recursive: true, default));

        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains("GOOGLE_APPLICATION_CREDENTIALS is not set", e.Message);
        Assert.Contains("gcloud auth application-default login", e.Message);
        Assert.Empty(_cloud.Requests);
    }

    [Fact]
    public async Task The_file_of_gcloud_is_found()
    {
        File.Copy(_environment["GOOGLE_APPLICATION_CREDENTIALS"], Path.Combine(_folder, "application_default_credentials.json"));
        _environment.Remove("GOOGLE_APPLICATION_CREDENTIALS");
        _environment["CLOUDSDK_CONFIG"] = _folder;
        using IBucket bucket = Open();
        Assert.Empty(await bucket.ListAsync("", recursive: true, Cancellation));
    }

    [Fact]
    public async Task An_emulator_gets_no_credentials()
    {
        await using FakeCloud emulator = await CloudStores.StartGcsEmulatorAsync();
        foreach (string address in new[] { emulator.Uri.AbsoluteUri, emulator.Uri.Authority })
        {
            _environment["STORAGE_EMULATOR_HOST"] = address;
            using IBucket bucket = Open();
            await SendAsync(bucket, "a", "content");
            Assert.Equal("content", await ReadAsync(bucket, "a"));
        }

        Assert.All(emulator.Requests, request => Assert.False(request.Headers.ContainsKey("Authorization")));
        Assert.Empty(_cloud.Requests);
    }

    [Theory]
    [InlineData("STORAGE_EMULATOR_HOST", "ftp://host")]
    [InlineData("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "host")]
    [InlineData("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "https://user:hush-42@host")]
    public void An_address_that_cannot_be_used_is_an_error_with_the_name_of_its_variable(string variable, string value)
    {
        _environment[variable] = value;
        MlflowException e = Assert.Throws<MlflowException>(() => Open());
        Assert.Equal((ErrorKind.InvalidValue, variable), (e.Kind, e.Target));
        Assert.DoesNotContain("hush-42", e.ToString());
    }

    [Fact]
    public async Task Cancelling_ends_a_request_for_a_token()
    {
        using var stop = new CancellationTokenSource();
        var asked = new TaskCompletionSource();
        _cloud.Faults.Add("POST", "/token", async (context, _) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using IBucket bucket = Open();
        Task<IReadOnlyList<BucketObject>> list = bucket.ListAsync("", recursive: true, stop.Token);
        await asked.Task;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => list);
    }

    private static void AssertNoSecret(Exception e)
    {
        Assert.DoesNotContain("ya29.", e.ToString());
        Assert.DoesNotContain("PRIVATE KEY", e.ToString());
    }

    private static string Refusal(int status, string reason, string message) => System.Text.Json.JsonSerializer.Serialize(
        new { error = new { code = status, message, errors = new[] { new { message, domain = "global", reason } } } });

    private IBucket Open(List<RetryNotice>? retries = null)
    {
        var policy = new RetryPolicy { MaxRetries = retries is null ? 0 : 2, BackoffFactor = 0.001, Jitter = 0.001 };
        var options = new ConnectionOptions { Retry = policy };
        var retrier = new Retrier(policy, retries is null ? _ => { } : retries.Adder());
        return Buckets.Open("gs://artifacts/root", name => _environment.GetValueOrDefault(name), options, retrier).Bucket;
    }

    private async Task SendAsync(IBucket bucket, string key, string content)
    {
        string path = Path.Combine(_folder, "file");
        File.WriteAllText(path, content);
        await new MultipartSender(new FileSource(new FileInfo(path)), bucket.Upload(key), new PartBuffers()).RunAsync(_ => { }, default);
    }

    private static async Task CopyAsync(IBucket bucket, BucketObject found, string key)
    {
        var source = new ObjectSource(bucket, found.Key, found.Key, found.Length, found.ETag);
        await MultipartCopier.RunAsync(bucket.Copy(source, key)!, PartPlan.Of(found.Length, 10), _ => { }, default);
    }

    private static async Task<string> ReadAsync(IBucket bucket, string key, string? etag = null, long offset = 0, long? end = null)
    {
        using var reader = new StreamReader(await bucket.OpenAsync(key, etag, offset, end, default));
        return await reader.ReadToEndAsync();
    }
}
