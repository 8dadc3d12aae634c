using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>Runs whose artifacts are in a bucket for which only the server has credentials.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class SignedBucketTests
{
    [Theory]
    [InlineData("s3")]
    [InlineData("s3rver")]
    public async Task Without_credentials_artifacts_are_sent_listed_verified_and_received_by_urls_of_the_server(string store)
    {
        await using SignedRun run = await SignedRun.OpenAsync(store);
        ArtifactUpload small = run.File("reports/a b+ü%.csv", 5), large = run.File("large.bin", 450_000), empty = run.File("empty", 0);

        Assert.Equal(["empty Sent", "large.bin Sent", "reports/a b+ü%.csv Sent"], await run.SendAsync(small, large, empty));
        Assert.Equal(
            [("empty", 0L), ("large.bin", 450_000L), ("reports", null)],
            (await run.Artifacts.ListAsync("", default)).Select(artifact => (artifact.ArtifactPath, artifact.Length)));
        Assert.Equal(["empty Received", "large.bin Received", "reports/a b+ü%.csv Received"], await run.ReceiveAsync());

        Assert.Equal(File.ReadAllBytes(small.Source.Location), run.Received("reports/a b+ü%.csv"));
        Assert.Equal(File.ReadAllBytes(large.Source.Location), run.Received("large.bin"));
        Assert.Empty(run.Warnings);
        Assert.Equal(3, run.Signed("upload"));
        if (store == "s3")
        {
            Assert.Equal(5, run.Bucket.Requests.Count(request => request.Headers.ContainsKey("Range")));
            Assert.All(run.Bucket.Requests, request => Assert.False(request.Headers.ContainsKey("Authorization")));
        }
    }

    [Fact]
    public async Task The_next_urls_are_asked_for_while_a_file_is_sent_and_none_twice()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        ArtifactUpload[] files = [.. Enumerable.Range(0, 60).Select(i => run.File($"f{i:00}", 10))];
        await run.SendAsync(files);
        Assert.Equal(60, run.Signed("upload"));

        IEnumerable<string> asked = run.Server.Requests
            .Where(request => request.Path.EndsWith("presigned-upload-url", StringComparison.Ordinal)).Select(request => request.BodyText);
        Assert.Equal(60, asked.Distinct().Count());
        Assert.Equal(60, run.Bucket.Requests.Count(request => request.Method == "PUT"));
    }

    [Fact]
    public async Task An_expired_url_is_replaced_and_a_second_refusal_is_an_error_without_the_signature()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        ArtifactUpload file = run.File("a", 10), large = run.File("large", 250_000);
        run.Server.ExpireNextAddresses(1);
        Assert.Equal(["a Sent"], await run.SendAsync(file));
        Assert.Equal(2, run.Signed("upload"));

        await run.SendAsync(large);
        run.Server.ExpireNextAddresses(1);
        Assert.Equal(["a Received", "large Received"], await run.ReceiveAsync());

        run.Server.ExpireNextAddresses(1000);
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.SendAsync(run.File("b", 10)));
        Assert.Equal(ErrorKind.PermissionDenied, failure.Kind);
        Assert.Contains("rejected a URL that the tracking server had just signed", failure.Message);
        AssertNoSecret(failure.ToString());
    }

    [Fact]
    public async Task A_url_that_the_bucket_refuses_between_two_ranges_is_replaced()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        ArtifactUpload large = run.File("large", 450_000);
        await run.SendAsync(large);
        int before = run.Signed("download");
        run.Bucket.Faults.Add("GET", "*/large", (_, handle) => handle(), times: 2);
        run.Bucket.Faults.Add("GET", "*/large", Refusal(403, "Request has expired"));
        run.Bucket.Faults.Add("GET", "*/large", Faults.Truncate(40_000));
        Assert.Equal(["large Received"], await run.ReceiveAsync());
        Assert.Equal(before + 2, run.Signed("download"));
        Assert.Equal(File.ReadAllBytes(large.Source.Location), run.Received("large"));
    }

    [Fact]
    public async Task A_bucket_that_is_busy_is_asked_again_and_one_that_refuses_is_named()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        run.Bucket.Faults.Add("PUT", "*", Refusal(503, "SlowDown"), times: 2);
        Assert.Equal(["a Sent"], await run.SendAsync(run.File("a", 10)));
        Assert.Equal(2, run.Retries.Count);

        run.Bucket.Faults.Add("PUT", "*", async (context, _) =>
        {
            context.Response.StatusCode = 400;
            context.Response.ContentType = "text/plain";
            string text = $"No to http://{context.Request.Host}{context.Request.Path}{context.Request.QueryString}";
            await context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
        });
        string error = Assert.Single(await run.SendAsync(run.File("b", 10)));
        Assert.Contains("No to", error);
        AssertNoSecret(error);
        Assert.All(run.Retries, retry => AssertNoSecret(retry.Cause));
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_reached_is_an_error_that_names_its_host()
    {
        await using SignedRun run = await SignedRun.OpenAsync(address: new Uri("http://127.0.0.1:1"));
        ArtifactSource source = run.File("a", 10).Source;
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.SendAsync(source, "a", _ => { }, default));
        Assert.Equal(ErrorKind.TrackingServerUnreachable, failure.Kind);
        Assert.Contains("The bucket at 127.0.0.1:1", failure.Message);
        AssertNoSecret(failure.ToString());
    }

    [Fact]
    public async Task A_file_over_the_limit_of_one_request_is_refused_before_anything_is_sent()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.SendAsync(new HugeSource(), "huge", _ => { }, default));
        Assert.Contains("5 GiB", failure.Message);
        Assert.Equal(0, run.Signed("upload"));
    }

    [Fact]
    public async Task Nothing_is_removed_without_own_credentials()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        await run.SendAsync(run.File("a", 10));
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.DeleteAsync("a", default));
        Assert.Equal(ErrorKind.ArtifactRemovalFailed, failure.Kind);
        Assert.Contains("your own credentials", failure.Message);
        run.GiveCredentials();
        await run.Artifacts.DeleteAsync("a", default);
        Assert.Empty(await run.Artifacts.ListAsync("", default));
    }

    [Theory]
    [InlineData("gs")]
    [InlineData("r2")]
    public async Task Whatever_the_server_signs_urls_for_is_used(string scheme)
    {
        await using SignedRun run = await SignedRun.OpenAsync(scheme: scheme);
        run.GiveCredentials();
        ArtifactUpload small = run.File("reports/a.csv", 5), large = run.File("large.bin", 450_000);
        Assert.StartsWith($"{scheme}://", run.Run.ArtifactUri);
        Assert.Equal(["large.bin Sent", "reports/a.csv Sent"], await run.SendAsync(small, large));
        Assert.Equal(["large.bin Received", "reports/a.csv Received"], await run.ReceiveAsync());
        Assert.Equal(File.ReadAllBytes(large.Source.Location), run.Received("large.bin"));

        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.DeleteAsync("large.bin", default));
        Assert.Equal(ErrorKind.ArtifactRemovalFailed, failure.Kind);
        Assert.Contains($"your own credentials for {scheme}://", failure.Message);
        Assert.Contains(scheme == "gs" ? "leave ANOVOS_MLFLOW_PRESIGNED unset" : "the bucket's own tools", failure.Message);
        if (scheme != "gs")
            return;
        Exception? huge = await Record.ExceptionAsync(() => run.Artifacts.SendAsync(new HugeSource(), "huge", _ => { }, default));
        Assert.DoesNotContain("GiB", huge!.Message);
    }

    [Theory]
    [InlineData("hdfs", ErrorKind.UriUnsupported, "--artifacts-destination hdfs:")]
    [InlineData("gs", ErrorKind.AuthenticationFailed, "GOOGLE_APPLICATION_CREDENTIALS is not set")]
    public async Task A_server_that_signs_downloads_only_still_gives_them(string scheme, ErrorKind kind, string why)
    {
        await using SignedRun run = await SignedRun.OpenAsync(scheme: scheme);
        await run.SendAsync(run.File("a", 10));
        run.Server.Faults.Add(
            "POST",
            "*presigned-upload-url",
            Faults.Answer(501, "{\"error_code\": \"NOT_IMPLEMENTED\", \"message\": \"Presigned upload is not supported\"}"),
            times: 10);
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.SendAsync(run.File("b", 10)));
        Assert.Equal(kind, failure.Kind);
        Assert.Contains("Presigned upload is not supported", failure.Message);
        Assert.Contains(why, failure.Message);
        Assert.Equal(["a Received"], await run.ReceiveAsync());
    }

    [Fact]
    public async Task Credentials_that_the_bucket_refuses_are_the_reason_why_nothing_is_removed()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        await run.SendAsync(run.File("a", 10));
        run.GiveCredentials("wrong");
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.DeleteAsync("a", default));
        Assert.Equal(403, failure.StatusCode);
        Assert.Empty(run.Warnings);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_authority_of_a_private_bucket_is_trusted_where_AWS_CA_BUNDLE_names_it(bool hasCredentials)
    {
        await using SignedRun run = await SignedRun.OpenAsync("s3 with TLS");
        if (hasCredentials)
            run.GiveCredentials();
        ArtifactUpload large = run.File("large", 450_000);
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.SendAsync(large));
        Assert.Contains("certificate", failure.Message);
        Assert.Contains("AWS_CA_BUNDLE", failure.Message);
        Assert.DoesNotContain("MLFLOW_TRACKING_SERVER_CERT_PATH", failure.Message);
        AssertNoSecret(failure.ToString());

        run.TrustCertificate();
        Assert.Equal(["large Sent"], await run.SendAsync(large));
        Assert.Equal(["large Received"], await run.ReceiveAsync());
        Assert.Equal(File.ReadAllBytes(large.Source.Location), run.Received("large"));
        Assert.Empty(run.Warnings);
        Assert.Equal(hasCredentials, run.Signed("upload") == 0);
    }

    [Fact]
    public async Task A_certificate_is_left_unchecked_only_on_request_and_with_one_warning()
    {
        await using SignedRun run = await SignedRun.OpenAsync("s3 with TLS");
        Environment.SetEnvironmentVariable("MLFLOW_S3_IGNORE_TLS", "true");
        Assert.Equal(["a Sent"], await run.SendAsync(run.File("a", 10)));
        run.Open();
        Assert.Equal(["a Received"], await run.ReceiveAsync());
        Assert.Contains("MLFLOW_S3_IGNORE_TLS", Assert.Single(run.Warnings));
    }

    [Fact]
    public async Task A_bundle_that_cannot_be_read_is_named_with_its_variable()
    {
        await using SignedRun run = await SignedRun.OpenAsync("s3 with TLS");
        Environment.SetEnvironmentVariable("AWS_CA_BUNDLE", Path.Combine(run.Folder, "nowhere.pem"));
        string message = Assert.Single(await run.SendAsync(run.File("a", 10)));
        Assert.Contains("nowhere.pem (AWS_CA_BUNDLE) cannot be read", message);
    }

    [Fact]
    public async Task The_way_past_a_server_trusts_the_same_authority()
    {
        await using SignedRun run = await SignedRun.OpenAsync("s3 with TLS");
        var url = new PresignedUrl($"{run.Bucket.Uri}a?X-Amz-Signature=abc", new Dictionary<string, string>());
        string? why = await new DirectRoute(new ConnectionOptions()).WhyUnreachableAsync(url, default);
        Assert.Contains("AWS_CA_BUNDLE", why);
        run.TrustCertificate();
        Assert.Null(await new DirectRoute(new ConnectionOptions()).WhyUnreachableAsync(url, default));

        // The variable is for S3: a URL of another kind is checked against the system's authorities.
        var other = new PresignedUrl($"{run.Bucket.Uri}a?sig=abc", new Dictionary<string, string>());
        Assert.Contains("certificate", await new DirectRoute(new ConnectionOptions()).WhyUnreachableAsync(other, default));
    }

    [Fact]
    public async Task Own_credentials_are_used_as_ever()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        run.GiveCredentials();
        ArtifactUpload large = run.File("large", 450_000);
        Assert.Equal(["large Sent"], await run.SendAsync(large));
        Assert.Equal(["large Received"], await run.ReceiveAsync());
        Assert.Equal(File.ReadAllBytes(large.Source.Location), run.Received("large"));
        Assert.DoesNotContain(run.Server.Requests, request => request.Path.Contains("presigned") || request.Path.Contains("server-info"));
        Assert.Equal(5, run.Bucket.Requests.Count(request => request.Headers.ContainsKey("Range")));
    }

    [Fact]
    public async Task Own_credentials_that_the_bucket_refuses_give_way_to_the_servers_with_one_warning()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        run.GiveCredentials("wrong");
        Assert.Equal(["a Sent", "b Sent"], await run.SendAsync(run.File("a", 10), run.File("b", 10)));
        Assert.Equal(["a Received", "b Received"], await run.ReceiveAsync());
        Assert.Contains("are used instead", Assert.Single(run.Warnings));
        run.Open();
        Assert.Equal(2, (await run.Artifacts.ListAsync("", default)).Count);
        Assert.Single(run.Warnings);
    }

    [Fact]
    public async Task A_file_of_Google_that_does_not_work_gives_way_to_the_servers_urls()
    {
        await using SignedRun run = await SignedRun.OpenAsync(scheme: "gs");
        Environment.SetEnvironmentVariable("GOOGLE_APPLICATION_CREDENTIALS", Path.Combine(run.Folder, "nowhere.json"));
        run.Open();
        Assert.Equal(["a Sent"], await run.SendAsync(run.File("a", 10)));
        Assert.Equal(["a Received"], await run.ReceiveAsync());
        Assert.Contains("nowhere.json", Assert.Single(run.Warnings));
        Assert.Contains("are used instead", run.Warnings[0]);
    }

    [Fact]
    public async Task A_profile_is_a_credential()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        string file = Path.Combine(run.Folder, "credentials");
        File.WriteAllText(file, "[default]\naws_access_key_id = S3RVER\naws_secret_access_key = S3RVER\n");
        Assert.False(Mlflow.Cloud.Buckets.HasCredentials("s3://artifacts", Environment.GetEnvironmentVariable));
        Environment.SetEnvironmentVariable("AWS_PROFILE", "default");
        Assert.True(Mlflow.Cloud.Buckets.HasCredentials("s3://artifacts", Environment.GetEnvironmentVariable));
        const string Azure = "wasbs://box@account.blob.core.windows.net";
        Assert.True(Mlflow.Cloud.Buckets.HasCredentials(Azure, name => name == "AZURE_STORAGE_ACCESS_KEY" ? "a" : null));
        Assert.False(Mlflow.Cloud.Buckets.HasCredentials(Azure, _ => null));
        string gcloud = Path.Combine(run.Folder, "application_default_credentials.json");
        Assert.False(Mlflow.Cloud.Buckets.HasCredentials("gs://artifacts", Gcloud));
        File.WriteAllText(gcloud, "{}");
        Assert.True(Mlflow.Cloud.Buckets.HasCredentials("gs://artifacts", Gcloud));
        Assert.True(Mlflow.Cloud.Buckets.HasCredentials("gs://a", name => name == "GOOGLE_APPLICATION_CREDENTIALS" ? "key.json" : null));
        Assert.True(Mlflow.Cloud.Buckets.HasCredentials("gs://a", name => name == "STORAGE_EMULATOR_HOST" ? "localhost:9000" : null));

        string? Gcloud(string name) => name == "CLOUDSDK_CONFIG" ? run.Folder : null;
    }

    [Theory]
    [InlineData(MlflowVersion.V3_11, PresignedUse.Auto, "as MLflow 3.15 and later do")]
    [InlineData(MlflowVersion.V3_17, PresignedUse.Never, "ANOVOS_MLFLOW_PRESIGNED is set to never")]
    public async Task If_neither_way_leads_to_the_bucket_one_error_names_both(MlflowVersion version, PresignedUse presigned, string why)
    {
        await using SignedRun run = await SignedRun.OpenAsync(version: version, presigned: presigned);
        var failure = await Assert.ThrowsAsync<MlflowException>(() => run.Artifacts.ListAsync("", default));
        Assert.Equal(ErrorKind.AuthenticationFailed, failure.Kind);
        Assert.Contains("No AWS credentials were found", failure.Message);
        Assert.Contains(why, failure.Message);
    }

    [Fact]
    public async Task Always_means_that_own_credentials_are_not_used()
    {
        await using SignedRun run = await SignedRun.OpenAsync(presigned: PresignedUse.Always);
        run.GiveCredentials();
        Assert.Equal(["a Sent"], await run.SendAsync(run.File("a", 10)));
        Assert.All(run.Bucket.Requests, request => Assert.False(request.Headers.ContainsKey("Authorization")));
    }

    [Fact]
    public async Task A_name_that_the_server_would_change_is_refused()
    {
        await using SignedRun run = await SignedRun.OpenAsync();
        Assert.Contains("reads the artifact path", Assert.Single(await run.SendAsync(run.File("a%41", 10))));
        Assert.Contains("as the beginning of a URL", Assert.Single(await run.SendAsync(run.File("Ab:c", 10))));
        Assert.Equal(["ab:c Sent"], await run.SendAsync(run.File("ab:c", 10)));
    }

    private static Fault Refusal(int status, string message) =>
        Faults.Answer(status, $"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>", "application/xml");

    private static void AssertNoSecret(string text)
    {
        Assert.DoesNotContain("X-Amz-Credential", text);
        Assert.DoesNotMatch("[0-9a-f]{64}", text);
    }

    private sealed class HugeSource : ArtifactSource
    {
        public override string Location => "huge";

        public override long Length => (5L << 30) + 1;

        internal override FileState State => new(Length, 0);

        internal override Task<Stream> OpenAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
