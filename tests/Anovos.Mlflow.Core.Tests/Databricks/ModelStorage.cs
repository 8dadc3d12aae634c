using System.Text.Json;
using Anovos.Mlflow.Tests.Cloud;
using Anovos.Mlflow.TestServer;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>A storage in which a stand-in of Unity Catalog keeps model files, with the credentials that it issues.</summary>
internal sealed class ModelStorage : IAsyncDisposable
{
    private readonly Dictionary<string, string?> _before = [];
    private readonly CloudGateway? _gateway;

    private ModelStorage(FakeCloud? fake, CloudGateway? gateway) => (Fake, _gateway) = (fake, gateway);

    /// <summary>All kinds of storage.</summary>
    public static TheoryData<string> Kinds => new("files", "default", "default, Google", "default, Amazon", "s3", "s3rver", "r2", "azure", "azurite", "google");

    /// <summary>The fake bucket, if the storage is a bucket.</summary>
    public FakeCloud? Fake { get; }

    /// <summary>The secrets in the issued credentials.</summary>
    public List<string> Secrets { get; } = [];

    /// <summary>The number of credentials, from the first, that are rejected.</summary>
    public int Refused { get; set; }

    /// <summary>The owner of the default storage.</summary>
    public CloudKind Cloud { get; private init; }

    /// <summary>How the stand-in stores files.</summary>
    public UnityCatalogOptions Options { get; private set; } = new();

    /// <summary>Opens a storage of a kind.</summary>
    public static async Task<ModelStorage> OpenAsync(string kind)
    {
        string token = $"session-{Guid.NewGuid():N}", account = CloudStores.AzureAccount;
        switch (kind)
        {
            case "files":
                return new ModelStorage(null, null);
            case "default" or "default, Google" or "default, Amazon":
                return new ModelStorage(null, null)
                {
                    Options = new() { Storage = ModelStorageKind.DefaultStorage },
                    Cloud = kind.Contains("Google") ? CloudKind.Google : kind.Contains("Amazon") ? CloudKind.Aws : CloudKind.AzureBlob,
                };
            case "google":
                FakeCloud gcs = await CloudStores.StartFakeAsync("gcs");
                string reader = await TokenAsync(gcs, "read_only"), writer = await TokenAsync(gcs, "read_write");
                var google = new ModelStorage(gcs, null);
                google.Set("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", gcs.Uri.AbsoluteUri);
                google.Secrets.AddRange([reader, writer]);
                google.Use("gs://artifacts/models", writes => new
                {
                    gcp_oauth_token = new { oauth_token = google.Refused-- > 0 ? "refused" : writes ? writer : reader },
                    expiration_time = In(3600),
                });
                return google;
            case "s3" or "r2" or "s3rver":
                FakeCloud? s3 = kind == "s3rver" ? null : await FakeCloud.StartS3Async("S3RVER", "S3RVER", sessionToken: token);
                CloudGateway? gateway = s3 is null ? await CloudGateway.StartAsync(Emulators.Require(kind), isS3rver: true) : null;
                var bucket = new ModelStorage(s3, gateway);
                bucket.Secrets.Add(token);
                Uri address = s3?.Uri ?? gateway!.Uri;
                if (kind == "r2")
                {
                    bucket.Use($"r2://artifacts@{address.Authority}/models", writes => new { r2_temp_credentials = Keys() });
                    return bucket;
                }

                bucket.Set("MLFLOW_S3_ENDPOINT_URL", address.AbsoluteUri.TrimEnd('/'));
                bucket.Set("MLFLOW_S3_UPLOAD_EXTRA_ARGS", """{"ServerSideEncryption": "AES256"}""");
                object sse = new { algorithm = "AWS_SSE_KMS", aws_kms_key_arn = "arn:aws:kms:eu-central-1:1:key/key-1" };
                bucket.Use("s3://artifacts/models", writes => new
                {
                    aws_temp_credentials = Keys(),
                    encryption_details = new { sse_encryption_details = sse },
                    expiration_time = In(3600),
                });
                return bucket;

                object Keys() => new
                {
                    access_key_id = "S3RVER",
                    secret_access_key = "S3RVER",
                    session_token = bucket.Refused-- > 0 ? "refused" : token,
                };
            default:
                FakeCloud? azure = kind == "azure" ? await CloudStores.StartFakeAsync(kind) : null;
                Uri endpoint = azure?.Uri ?? Emulators.Require(kind);
                string connection = CloudStores.Environment(kind, endpoint).Values.Single();
                var container = new ModelStorage(azure, null);

                // The account's own key in the environment must not be used.
                container.Set("AZURE_STORAGE_CONNECTION_STRING", connection.Replace(CloudStores.AzureKey, "b3RoZXI="));
                BlobContainerClient client = new BlobServiceClient(connection).GetBlobContainerClient("artifacts");
                container.Use($"abfss://artifacts@{account}.dfs.core.windows.net/models", writes =>
                {
                    var allowed = BlobContainerSasPermissions.Read | BlobContainerSasPermissions.List;
                    if (writes)
                        allowed |= BlobContainerSasPermissions.Create | BlobContainerSasPermissions.Write;
                    DateTimeOffset end = DateTimeOffset.UtcNow.AddMinutes(container.Refused-- > 0 ? -1 : 10);
                    string sas = client.GenerateSasUri(allowed, end).Query.TrimStart('?');
                    container.Secrets.AddRange([sas, sas.Split("sig=")[1].Split('&')[0]]);
                    return new { azure_user_delegation_sas = new { sas_token = sas }, expiration_time = In(600) };
                });
                return container;
        }
    }

    /// <summary>Starts a workspace that stores its models here.</summary>
    public Task<TrackingServer> StartAsync() =>
        TrackingServer.StartAsync(new() { Workspace = new() { Cloud = Cloud, UnityCatalog = Options } });

    public async ValueTask DisposeAsync()
    {
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        if (Fake is not null)
            await Fake.DisposeAsync();
    }

    private void Use(string root, Func<bool, object> credentials) =>
        Options = new() { Storage = ModelStorageKind.Bucket, StorageRoot = root, Credentials = credentials };

    private void Set(string name, string value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }

    // As on a machine in Google Cloud.
    private static async Task<string> TokenAsync(FakeCloud gcs, string scope)
    {
        using var http = new HttpClient();
        string scopes = Uri.EscapeDataString($"https://www.googleapis.com/auth/devstorage.{scope}");
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(gcs.Uri, $"computeMetadata/v1/instance/service-accounts/default/token?scopes={scopes}"));
        request.Headers.Add("Metadata-Flavor", "Google");
        using HttpResponseMessage response = await http.SendAsync(request);
        using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("access_token").GetString()!;
    }

    private static long In(int seconds) => DateTimeOffset.UtcNow.AddSeconds(seconds).ToUnixTimeMilliseconds();
}
