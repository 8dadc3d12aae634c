namespace Anovos.Mlflow.Http;

/// <summary>When and how large files are transferred in parts, with MLflow's environment variables and defaults.</summary>
public sealed record MultipartOptions
{
    /// <summary>The maximum number of parts of an upload to S3.</summary>
    public const int MaximumParts = 10_000;

    /// <summary>
    /// The size, in bytes, from which a file is large and transferred in several requests. Smaller files would not benefit.
    /// </summary>
    public const long LargeFileBytes = 64L << 20;

    /// <summary>
    /// Whether large files are uploaded in parts to the bucket behind a server (<c>MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD</c>); null if the
    /// server decides.
    /// </summary>
    public bool? ThroughServer { get; init; }

    /// <summary>
    /// Whether large files are downloaded from the bucket behind a server (<c>MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD</c>); null if the
    /// server decides.
    /// </summary>
    public bool? FromBucket { get; init; }

    /// <summary>
    /// The size in bytes from which files are uploaded in parts (<c>MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE</c>); null for the store's
    /// default.
    /// </summary>
    public long? MinimumFileBytes { get; init; }

    /// <summary>The size of a part, in bytes (<c>MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE</c>); larger if there would be too many.</summary>
    public long PartBytes { get; init; } = 10L << 20;

    /// <summary>The size in bytes from which files are downloaded in ranges (<c>MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE</c>).</summary>
    public long RangedFileBytes { get; init; } = LargeFileBytes;

    /// <summary>The size of a range, in bytes (<c>MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE</c>).</summary>
    public long RangeBytes { get; init; } = 16L << 20;

    /// <summary>The folder for the progress of multipart uploads, which can then resume after an interruption; null for none.</summary>
    public string? RecordsFolder { get; init; }

    internal static MultipartOptions FromEnvironment(EnvironmentVariables variables)
    {
        return new MultipartOptions
        {
            ThroughServer = Flag("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"),
            FromBucket = Flag("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"),
            MinimumFileBytes = variables.Text("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE") is null
                ? null
                : variables.Bytes("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", LargeFileBytes),
            RangedFileBytes = variables.Bytes("MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE", LargeFileBytes),
            RangeBytes = variables.Bytes("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", 16L << 20),
            PartBytes = variables.Bytes("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", 10L << 20),
            RecordsFolder = StateFolder.From(variables),
        };

        bool? Flag(string name) => variables.Text(name) is null ? null : variables.Flag(name, defaultValue: false);
    }
}
