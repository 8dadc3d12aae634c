using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.TestServer;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>A file sent to a block blob whose only credential is a signature in its address, as workspaces issue them.</summary>
public class BlockUploadTests
{
    [Theory]
    [InlineData("azure")]
    [InlineData("azurite")]
    public async Task A_signature_that_has_ended_is_an_error_without_it(string kind)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(kind);
        using var http = new HttpClient();
        Uri ended = Signed(place, "ended", TimeSpan.FromHours(-1));

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => new MultipartSender(
            new FileSource(place.File(10)), new BlockUpload(new BlockBlobClient(ended, AzureContainer.ClientOptions(http)), place.Bucket().Bucket.Requests), new PartBuffers()).RunAsync(_ => { }, default));

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
        return new UriBuilder(blob.Uri) { Query = signature.ToSasQueryParameters(new StorageSharedKeyCredential(CloudStores.AzureAccount, CloudStores.AzureKey)).ToString() }.Uri;
    }
}
