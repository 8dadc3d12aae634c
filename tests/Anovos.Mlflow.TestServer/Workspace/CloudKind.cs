namespace Anovos.Mlflow.TestServer;

/// <summary>The cloud storage of a workspace's artifacts.</summary>
public enum CloudKind
{
    /// <summary>Azure Blob Storage, <c>AZURE_SAS_URI</c>.</summary>
    AzureBlob,

    /// <summary>Azure Data Lake Storage, <c>AZURE_ADLS_GEN2_SAS_URI</c>.</summary>
    AzureDataLake,

    /// <summary>S3, <c>AWS_PRESIGNED_URL</c>.</summary>
    Aws,

    /// <summary>Google Cloud Storage, <c>GCP_SIGNED_URL</c>.</summary>
    Google,
}
