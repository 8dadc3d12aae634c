namespace Anovos.Mlflow.Http;

/// <summary>When and how a large file is sent in parts; MLflow's environment variables and defaults.</summary>
public sealed record MultipartOptions
{
    /// <summary>The most parts that an upload to S3 may have.</summary>
    public const int MaximumParts = 10_000;

    /// <summary>
    /// From so many bytes on, a file is large: transfers take more than one request. Smaller files would not gain from it.
    /// </summary>
    public const long LargeFileBytes = 64L << 20;

    /// <summary>
    /// Whether large files go in parts to the bucket behind a server (<c>MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD</c>); null as the server
    /// says.
    /// </summary>
    public bool? ThroughServer { get; init; }

    /// <summary>
    /// Whether large files come from the bucket behind a server (<c>MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD</c>); null as the server
    /// says.
    /// </summary>
    public bool? FromBucket { get; init; }

    /// <summary>
    /// A file of so many bytes and more goes in parts (<c>MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE</c>); null for the store's default.
    /// </summary>
    public long? MinimumFileBytes { get; init; }

    /// <summary>Bytes of a part (<c>MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE</c>); more where there would be too many.</summary>
    public long PartBytes { get; init; } = 10L << 20;

    /// <summary>A file of so many bytes and more comes in ranges (<c>MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE</c>).</summary>
    public long RangedFileBytes { get; init; } = LargeFileBytes;

    /// <summary>Bytes of a range (<c>MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE</c>).</summary>
    public long RangeBytes { get; init; } = 16L << 20;

    /// <summary>Where it is kept how far an upload in parts came, so that it goes on after an interruption; null keeps nothing.</summary>
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
