namespace Anovos.Mlflow.TestServer;

/// <summary>Whose storage a workspace keeps artifacts in.</summary>
public enum CloudKind
{
    /// <summary>Azure's blobs, <c>AZURE_SAS_URI</c>.</summary>
    AzureBlob,

    /// <summary>Azure's data lake, <c>AZURE_ADLS_GEN2_SAS_URI</c>.</summary>
    AzureDataLake,

    /// <summary>S3, <c>AWS_PRESIGNED_URL</c>.</summary>
    Aws,

    /// <summary>Google's, <c>GCP_SIGNED_URL</c>.</summary>
    Google,
}
