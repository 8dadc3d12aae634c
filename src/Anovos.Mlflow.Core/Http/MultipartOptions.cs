namespace Anovos.Mlflow.Http;

/// <summary>When and how a large file is sent in parts; MLflow's environment variables and defaults.</summary>
public sealed record MultipartOptions
{
    /// <summary>The most parts that an upload to S3 may have.</summary>
    public const int MaximumParts = 10_000;

    /// <summary>Whether an MLflow server that passes artifacts on is asked where to send parts (<c>MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD</c>).</summary>
    public bool ThroughServer { get; init; }

    /// <summary>A file of so many bytes and more goes in parts (<c>MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE</c>).</summary>
    public long MinimumFileBytes { get; init; } = 500L << 20;

    /// <summary>Bytes of a part (<c>MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE</c>); more where there would be too many.</summary>
    public long PartBytes { get; init; } = 10L << 20;

    /// <summary>Where it is kept how far an upload in parts came, so that it goes on after an interruption; null keeps nothing.</summary>
    public string? RecordsFolder { get; init; }

    internal static MultipartOptions FromEnvironment(EnvironmentVariables variables) => new()
    {
        ThroughServer = variables.Flag("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", defaultValue: false),
        MinimumFileBytes = variables.Bytes("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", 500L << 20),
        PartBytes = variables.Bytes("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", 10L << 20),
        RecordsFolder = StateFolder.From(variables),
    };
}
