using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>A separate fake, or a separate place in an emulator, behind a gateway that records and rejects requests.</summary>
internal sealed class CloudPlace : IAsyncDisposable
{
    private readonly FakeCloud? _fake;

    private CloudPlace(string kind, FakeCloud? fake, CloudGateway gateway)
    {
        (_fake, Gateway, Environment) = (fake, gateway, CloudStores.Environment(kind, gateway.Uri));
        Uri = $"{CloudStores.BucketUri(kind)}/{Guid.NewGuid():N}";
    }

    /// <summary>The stores that every test of buckets runs against.</summary>
    public static TheoryData<string> Kinds => new("s3", "azure", "gcs", "s3rver", "azurite");

    public CloudGateway Gateway { get; }

    public Dictionary<string, string> Environment { get; }

    public string Uri { get; }

    public List<RetryNotice> Retries { get; } = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    /// <summary>The requests that carried parts.</summary>
    public string[] Parts => [.. Gateway.Requests.Where(IsPart)];

    public static bool IsPart(string request) => request.StartsWith("PUT")
        && (request.Contains("partNumber=") || request.Contains("comp=block&")
            || (request.Contains(" of bytes ") && !request.Contains(" of bytes */")));

    /// <summary>Whether a request reads an object's bytes. Google has another GET for metadata.</summary>
    public static bool IsRead(string request) => request.StartsWith("GET")
        && (!request.Contains("/storage/v1/") || request.Contains("alt=media"));

    public static async Task<CloudPlace> OpenAsync(string kind)
    {
        FakeCloud? fake = CloudStores.IsFake(kind) ? await CloudStores.StartFakeAsync(kind) : null;
        return new CloudPlace(kind, fake, await CloudGateway.StartAsync(fake?.Uri ?? Emulators.Require(kind), kind == "s3rver"));
    }

    /// <summary>Sets the store in this process' environment, too. Tests that use it are in <see cref="ProcessEnvironment"/>.</summary>
    public void UseInThisProcess()
    {
        foreach ((string name, string value) in Environment)
            System.Environment.SetEnvironmentVariable(name, value);
    }

    public (IBucket Bucket, string Key) Bucket(string? uri = null, int retries = 2)
    {
        var options = new ConnectionOptions
        {
            Retry = new RetryPolicy { MaxRetries = retries, BackoffFactor = 0.001, Jitter = 0.001 },
            Multipart = new MultipartOptions
            {
                RangedFileBytes = 200_000,
                RangeBytes = 100_000,
                RecordsFolder = Path.Combine(Folder, "records"),
            },
        };
        return Buckets.Open(uri ?? Uri, name => Environment.GetValueOrDefault(name), options, new Retrier(options.Retry, Retries.Adder()));
    }

    public BucketArtifactStore Store(string? uri = null, int retries = 2, int copiedPartLength = PartPlan.CopiedPartLength)
    {
        (IBucket bucket, string key) = Bucket(uri, retries);
        return new BucketArtifactStore(bucket, key, copiedPartLength);
    }

    /// <summary>Uses a shared access signature instead of the account's key. Only for Azure.</summary>
    /// <param name="ofAccount">True for a signature of the account, false for one of the container.</param>
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
        if (_fake is not null)
            await _fake.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>The tests that change the environment of their process; one runs at a time.</summary>
[CollectionDefinition(nameof(ProcessEnvironment))]
public sealed class ProcessEnvironment;
