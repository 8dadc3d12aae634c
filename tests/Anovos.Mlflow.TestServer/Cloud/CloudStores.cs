namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The cloud stores that tests know by name: <c>s3</c> and <c>azure</c> are fakes in this process, <c>s3rver</c> and
/// <c>azurite</c> emulators of the same. Each has the bucket <c>artifacts</c>.
/// </summary>
public static class CloudStores
{
    // Azurite's own: they are in its manual.
    public const string AzureAccount = "devstoreaccount1";
    public const string AzureKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    // s3rver knows this one only.
    internal const string S3Key = "S3RVER";

    public static bool IsS3(string store) => store is "s3" or "s3rver";

    public static bool IsFake(string store) => store is "s3" or "azure";

    /// <summary>Starts a fake of S3 with a certificate of its own.</summary>
    public static Task<FakeCloud> StartTlsAsync() => FakeCloud.StartS3Async(S3Key, S3Key, useTls: true);

    /// <summary>Starts a fake.</summary>
    public static Task<FakeCloud> StartFakeAsync(string store) =>
        store == "s3" ? FakeCloud.StartS3Async(S3Key, S3Key) : FakeCloud.StartAzureAsync(AzureAccount, AzureKey);

    /// <summary>The environment of a shell that works with the store at an address.</summary>
    public static Dictionary<string, string> Environment(string store, Uri address) => IsS3(store)
        ? new()
        {
            ["MLFLOW_S3_ENDPOINT_URL"] = address.AbsoluteUri.TrimEnd('/'),
            ["AWS_ACCESS_KEY_ID"] = S3Key,
            ["AWS_SECRET_ACCESS_KEY"] = S3Key,
            ["AWS_EC2_METADATA_DISABLED"] = "true",
        }
        : new()
        {
            ["AZURE_STORAGE_CONNECTION_STRING"] = $"DefaultEndpointsProtocol=http;AccountName={AzureAccount};AccountKey={AzureKey};"
                + $"BlobEndpoint={address.AbsoluteUri.TrimEnd('/')}/{AzureAccount};",
        };

    /// <summary>The URI of the bucket for tests, or of another one.</summary>
    public static string BucketUri(string store, string bucket = "artifacts") =>
        IsS3(store) ? $"s3://{bucket}" : $"wasbs://{bucket}@{AzureAccount}.blob.core.windows.net";
}
