using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.TestServer;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>A file to a block blob whose only credential is a signature in its address, as workspaces hand them out.</summary>
public class BlockUploadTests
{
    [Fact]
    public async Task A_signature_that_ends_in_the_middle_of_a_file_is_renewed_once_and_the_file_goes_on()
    {
        await using CloudPlace place = await CloudPlace.OpenAsync("azure");
        using var http = new HttpClient();
        Uri first = Signed(place, "first"), second = Signed(place, "second");
        int renewed = 0, parts = 0;
        place.Gateway.Refuse = request => CloudPlace.IsPart(request) && Interlocked.Increment(ref parts) > 2 && request.Contains(first.Query.Split("sig=")[1]) ? 403 : null;
        var blob = new BlockBlobClient(first, AzureContainer.ClientOptions(http));
        FileInfo file = place.File(6 * PartPlan.DefaultPartLength);

        ArtifactContent content = await new PartedUpload(new FileSource(file), new BlockUpload(blob, RenewAsync, place.Bucket().Bucket.Requests), new PartBuffers()).RunAsync(_ => { }, default);

        Assert.Equal(1, renewed);
        Assert.Empty(place.Retries);
        using var meter = new ContentMeter(Stream.Null, long.MaxValue);
        await blob.DownloadToAsync(meter, TestContext.Current.CancellationToken);
        Assert.Equal(content, meter.Finish());

        Task<BlockBlobClient> RenewAsync(CancellationToken cancellationToken)
        {
            renewed++;
            return Task.FromResult(new BlockBlobClient(second, AzureContainer.ClientOptions(http)));
        }
    }

    [Fact]
    public async Task A_signature_that_has_ended_and_cannot_be_renewed_is_an_error_without_it()
    {
        await using CloudPlace place = await CloudPlace.OpenAsync("azure");
        using var http = new HttpClient();
        Uri ended = Signed(place, "ended", TimeSpan.FromHours(-1));

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => new PartedUpload(
            new FileSource(place.File(10)), new BlockUpload(new BlockBlobClient(ended, AzureContainer.ClientOptions(http)), renew: null, place.Bucket().Bucket.Requests), new PartBuffers()).RunAsync(_ => { }, default));

        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.DoesNotContain(ended.Query.Split("sig=")[1], e.ToString());
    }

    private static Uri Signed(CloudPlace place, string identifier, TimeSpan? from = null)
    {
        var blob = new BlobContainerClient(place.Environment.Values.Single(), "artifacts").GetBlobClient(place.Uri.Split('/')[^1]);
        DateTimeOffset start = DateTimeOffset.UtcNow.AddHours(-2);
        var signature = new BlobSasBuilder(BlobSasPermissions.Read | BlobSasPermissions.Write | BlobSasPermissions.Create, DateTimeOffset.UtcNow + (from ?? TimeSpan.FromHours(1)))
        {
            BlobContainerName = "artifacts",
            BlobName = blob.Name,
            Resource = "b",
            StartsOn = start,
            CacheControl = identifier,
        };
        return new UriBuilder(blob.Uri) { Query = signature.ToSasQueryParameters(new StorageSharedKeyCredential(CloudEmulator.AzureAccount, CloudEmulator.AzureKey)).ToString() }.Uri;
    }
}
