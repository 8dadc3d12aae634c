namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The cloud stores that tests name: <c>s3</c>, <c>azure</c> and <c>gcs</c> are fakes in this process, <c>s3rver</c> and <c>azurite</c> are
/// emulators. Each has the bucket <c>artifacts</c>.
/// </summary>
public static class CloudStores
{
    // Azurite's own account and key, from its manual.
    public const string AzureAccount = "devstoreaccount1";
    public const string AzureKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    public const string GcsAccount = "tests@anovos-mlflow.iam.gserviceaccount.com";

    // The only key that s3rver accepts.
    internal const string S3Key = "S3RVER";

    public static bool IsS3(string store) => store is "s3" or "s3rver";

    public static bool IsGcs(string store) => store == "gcs";

    public static bool IsFake(string store) => store is "s3" or "azure" or "gcs";

    /// <summary>Starts a fake of S3 with its own certificate.</summary>
    public static Task<FakeCloud> StartTlsAsync() => FakeCloud.StartS3Async(S3Key, S3Key, useTls: true);

    /// <summary>Starts a fake.</summary>
    public static Task<FakeCloud> StartFakeAsync(string store) => store switch
    {
        "s3" => FakeCloud.StartS3Async(S3Key, S3Key),
        "gcs" => FakeCloud.StartGcsAsync(GcsAccount, GoogleKeys.Key),
        _ => FakeCloud.StartAzureAsync(AzureAccount, AzureKey),
    };

    /// <summary>Starts a fake of an emulator of Google Cloud Storage.</summary>
    public static Task<FakeCloud> StartGcsEmulatorAsync() => FakeCloud.StartGcsAsync(account: null, GoogleKeys.Key);

    /// <summary>Returns the environment of a shell that uses the store at an address.</summary>
    public static Dictionary<string, string> Environment(string store, Uri address) => IsGcs(store)
        ? new()
        {
            ["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] = address.AbsoluteUri,
            ["GOOGLE_APPLICATION_CREDENTIALS"] = GoogleKeys.WriteFile(GcsAccount, address),
        }
        : IsS3(store)
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

    /// <summary>Returns the URI of the tests' bucket, or of another one.</summary>
    public static string BucketUri(string store, string bucket = "artifacts") =>
        IsGcs(store) ? $"gs://{bucket}" : IsS3(store) ? $"s3://{bucket}" : $"wasbs://{bucket}@{AzureAccount}.blob.core.windows.net";
}
