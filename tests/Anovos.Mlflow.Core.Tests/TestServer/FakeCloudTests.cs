using System.Net;
using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Anovos.Mlflow.TestServer;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Tests.TestServer;

/// <summary>The fakes of S3 and Azure refuse what the real ones refuse.</summary>
public sealed class FakeCloudTests : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private FakeCloud _s3Store = null!, _azureStore = null!;
    private AmazonS3Client _s3 = null!;
    private BlobContainerClient _azure = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _s3Store = await CloudStores.StartFakeAsync("s3");
        Dictionary<string, string> environment = CloudStores.Environment("s3", _s3Store.Uri);
        var config = new AmazonS3Config
        {
            ServiceURL = _s3Store.Uri.AbsoluteUri,
            ForcePathStyle = true,
            AuthenticationRegion = "eu-west-1",
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        };
        _s3 = new AmazonS3Client(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], config);
        _azureStore = await CloudStores.StartFakeAsync("azure");
        _azure = new BlobContainerClient(CloudStores.Environment("azure", _azureStore.Uri).Values.Single(), "artifacts");
    }

    public async ValueTask DisposeAsync()
    {
        _s3.Dispose();
        _http.Dispose();
        await _s3Store.DisposeAsync();
        await _azureStore.DisposeAsync();
    }

    [Fact]
    public async Task A_presigned_address_holds_for_its_object_verb_and_time_only()
    {
        string put = Presign("a b/ü", HttpVerb.PUT, DateTime.UtcNow.AddMinutes(1));

        Assert.Equal((200, ""), await SendAsync(HttpMethod.Put, put, "content"));
        Assert.Equal((403, "SignatureDoesNotMatch"), await SendAsync(HttpMethod.Get, put));
        Assert.Equal((403, "SignatureDoesNotMatch"), await SendAsync(HttpMethod.Put, put.Replace("artifacts/a", "artifacts/b"), "content"));
        Assert.Equal((403, "AccessDenied"), await SendAsync(HttpMethod.Get, put.Split('?')[0]));
        Assert.Equal((403, "AccessDenied"), await SendAsync(HttpMethod.Get, Presign("a", HttpVerb.GET, DateTime.UtcNow.AddMinutes(-1))));
        Assert.Equal((200, ""), await SendAsync(HttpMethod.Get, Presign("a b/ü", HttpVerb.GET, DateTime.UtcNow.AddMinutes(1))));
    }

    [Fact]
    public async Task S3_refuses_a_damaged_body_and_a_part_that_is_too_small()
    {
        string wrong = Convert.ToBase64String(MD5.HashData("c"u8));
        var put = new PutObjectRequest { BucketName = "artifacts", Key = "a", ContentBody = "b", MD5Digest = wrong };
        put.UseChunkEncoding = false;
        Assert.Equal("BadDigest", (await Assert.ThrowsAsync<AmazonS3Exception>(() => _s3.PutObjectAsync(put, Cancellation))).ErrorCode);

        string id = (await _s3.InitiateMultipartUploadAsync("artifacts", "a", Cancellation)).UploadId;
        List<PartETag> parts = [];
        foreach (int number in new[] { 1, 2 })
        {
            var part = new UploadPartRequest { BucketName = "artifacts", Key = "a", UploadId = id, PartNumber = number };
            (part.InputStream, part.UseChunkEncoding) = (new MemoryStream([1]), false);
            parts.Add(new PartETag(number, (await _s3.UploadPartAsync(part, Cancellation)).ETag));
        }

        var whole = new CompleteMultipartUploadRequest { BucketName = "artifacts", Key = "a", UploadId = id, PartETags = parts };
        AmazonS3Exception e = await Assert.ThrowsAsync<AmazonS3Exception>(() => _s3.CompleteMultipartUploadAsync(whole, Cancellation));
        Assert.Equal("EntityTooSmall", e.ErrorCode);
    }

    [Fact]
    public async Task A_shared_access_signature_holds_for_its_blob_permissions_and_time_only()
    {
        string Sign(BlobSasPermissions permissions, int minutes) =>
            _azure.GetBlobClient("a b/ü").GenerateSasUri(permissions, DateTimeOffset.UtcNow.AddMinutes(minutes)).AbsoluteUri;
        string read = Sign(BlobSasPermissions.Read, 1);
        await _azure.GetBlobClient("a b/ü").UploadAsync(BinaryData.FromString("content"), Cancellation);

        Assert.Equal((200, ""), await SendAsync(HttpMethod.Get, read));
        Assert.Equal((403, "AuthorizationPermissionMismatch"), await SendAsync(HttpMethod.Put, read, "x"));
        Assert.Equal((403, "AuthenticationFailed"), await SendAsync(HttpMethod.Put, read.Replace("sp=r", "sp=w"), "x"));
        Assert.Equal((403, "AuthenticationFailed"), await SendAsync(HttpMethod.Get, read.Replace("artifacts/a", "artifacts/b")));
        Assert.Equal((403, "AuthenticationFailed"), await SendAsync(HttpMethod.Get, Sign(BlobSasPermissions.Read, -1)));
        Assert.Equal((401, "NoAuthenticationInformation"), await SendAsync(HttpMethod.Get, read.Split('?')[0]));
    }

    [Fact]
    public async Task Azure_refuses_blocks_of_unequal_names_blocks_that_are_missing_and_what_is_not_implemented()
    {
        BlockBlobClient blob = _azure.GetBlockBlobClient("a");
        string one = Convert.ToBase64String([1]), other = Convert.ToBase64String([2]), longer = Convert.ToBase64String(new byte[9]);
        await blob.StageBlockAsync(one, new MemoryStream([1]), cancellationToken: Cancellation);

        Assert.Equal("InvalidBlobOrBlock", await FailsAsync(() => blob.StageBlockAsync(longer, new MemoryStream([1]))));
        Assert.Equal("InvalidBlockList", await FailsAsync(() => blob.CommitBlockListAsync([other])));
        Assert.Equal("NotImplemented", await FailsAsync(() => _azure.GetAppendBlobClient("b").CreateAsync()));
    }

    private string Presign(string key, HttpVerb verb, DateTime until) => _s3.GetPreSignedURL(new GetPreSignedUrlRequest
    {
        BucketName = "artifacts",
        Key = key,
        Verb = verb,
        Expires = until,
        Protocol = Protocol.HTTP,
    });

    private async Task<(int Status, string Code)> SendAsync(HttpMethod method, string address, string? body = null)
    {
        using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : new StringContent(body) };
        using HttpResponseMessage response = await _http.SendAsync(request, Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        return ((int)response.StatusCode, response.StatusCode == HttpStatusCode.OK ? "" : text.Split("<Code>")[1].Split('<')[0]);
    }

    private static async Task<string?> FailsAsync(Func<Task> work) => (await Assert.ThrowsAsync<RequestFailedException>(work)).ErrorCode;
}
