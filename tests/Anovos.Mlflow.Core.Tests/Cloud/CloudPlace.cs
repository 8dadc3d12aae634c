using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>A place of its own in an emulator, behind a gateway that records and refuses.</summary>
internal sealed class CloudPlace : IAsyncDisposable
{
    private CloudPlace(string kind, CloudGateway gateway, Dictionary<string, string> environment)
    {
        (Gateway, Environment) = (gateway, environment);
        Uri = $"{CloudEmulator.BucketUri(kind)}/{Guid.NewGuid():N}";
    }

    public CloudGateway Gateway { get; }

    public Dictionary<string, string> Environment { get; }

    public string Uri { get; }

    public List<RetryNotice> Retries { get; } = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    /// <summary>The requests that carried parts.</summary>
    public string[] Parts => [.. Gateway.Requests.Where(IsPart)];

    public static bool IsPart(string request) => request.StartsWith("PUT") && (request.Contains("partNumber=") || request.Contains("comp=block&"));

    public static async Task<CloudPlace> OpenAsync(string kind)
    {
        CloudGateway gateway = await CloudGateway.StartAsync(Emulators.Require(kind));
        return new CloudPlace(kind, gateway, CloudEmulator.Environment(kind, gateway.Uri));
    }

    public (IBucket Bucket, string Key) Bucket(string? uri = null, int retries = 2)
    {
        var options = new ConnectionOptions { Retry = new RetryPolicy { MaxRetries = retries, BackoffFactor = 0.001, Jitter = 0.001 } };
        return Buckets.Open(uri ?? Uri, name => Environment.GetValueOrDefault(name), options, new Retrier(options.Retry, Retries.Add));
    }

    public BucketArtifactStore Store(string? uri = null, int retries = 2, int copiedPartLength = PartPlan.CopiedPartLength)
    {
        (IBucket bucket, string key) = Bucket(uri, retries);
        return new BucketArtifactStore(bucket, key, copiedPartLength);
    }

    /// <summary>Takes a shared access signature in place of the account's key. Azure's only.</summary>
    /// <param name="ofAccount">One for the account, else one for the container.</param>
    public void UseSignature(bool ofAccount)
    {
        var account = new BlobServiceClient(Environment["AZURE_STORAGE_CONNECTION_STRING"]);
        DateTimeOffset end = DateTimeOffset.UtcNow.AddHours(1);
        Uri signed = ofAccount
            ? account.GenerateAccountSasUri(AccountSasPermissions.All, end, AccountSasResourceTypes.All)
            : account.GetBlobContainerClient("artifacts").GenerateSasUri(BlobContainerSasPermissions.All, end);
        Environment["AZURE_STORAGE_CONNECTION_STRING"] = $"BlobEndpoint={account.Uri};SharedAccessSignature={signed.Query.TrimStart('?')}";
    }

    public FileInfo File(int length, string name = "file")
    {
        string path = Path.Combine(Folder, name);
        System.IO.File.WriteAllBytes(path, System.Security.Cryptography.RandomNumberGenerator.GetBytes(length));
        return new FileInfo(path);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
