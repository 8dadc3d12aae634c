namespace Anovos.Mlflow.Http;

/// <summary>The number of retries and the delays between them, with MLflow's environment variables and defaults.</summary>
public sealed record RetryPolicy
{
    /// <summary>The maximum number of retries that MLflow's client allows.</summary>
    public const int RetriesLimit = 10;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(120);

    /// <summary>No retries.</summary>
    public static RetryPolicy None { get; } = new() { MaxRetries = 0 };

    /// <summary>The maximum number of retries (<c>MLFLOW_HTTP_REQUEST_MAX_RETRIES</c>).</summary>
    public int MaxRetries { get; init; } = 7;

    /// <summary>The first delay, in seconds; each further delay doubles (<c>MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR</c>).</summary>
    public double BackoffFactor { get; init; } = 2;

    /// <summary>The maximum random jitter added to each delay, in seconds (<c>MLFLOW_HTTP_REQUEST_BACKOFF_JITTER</c>).</summary>
    public double Jitter { get; init; } = 1;

    /// <summary>Whether a delay that the server requests is honored (<c>MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER</c>).</summary>
    public bool RespectRetryAfter { get; init; } = true;

    /// <summary>The time after the first attempt in which retries may start (<c>ANOVOS_MLFLOW_RETRY_TIMEOUT</c>, in seconds).</summary>
    public TimeSpan TotalTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Returns the delay before a retry.</summary>
    /// <param name="retry">1 for the first retry.</param>
    /// <param name="retryAfter">The delay that the server requested.</param>
    /// <param name="chance">A random number from 0 to 1.</param>
    public TimeSpan Wait(int retry, TimeSpan? retryAfter, double chance)
    {
        // Honor Retry-After even if it exceeds our own delay; treat negative values as zero.
        if (RespectRetryAfter && retryAfter is { } asked)
            return asked < TimeSpan.Zero ? TimeSpan.Zero : asked;
        double seconds = (BackoffFactor * Math.Pow(2, retry - 1)) + (Jitter * chance);
        return seconds >= LongestWait.TotalSeconds ? LongestWait : TimeSpan.FromSeconds(seconds);
    }

    /// <summary>Reads the policy from the environment.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid variable.</exception>
    internal static RetryPolicy FromEnvironment(EnvironmentVariables variables) => new()
    {
        MaxRetries = (int)variables.Number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7, RetriesLimit),
        BackoffFactor = variables.Number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 2, 120),
        Jitter = variables.Number("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 1, 120),
        RespectRetryAfter = variables.Flag("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", defaultValue: true),
        TotalTime = variables.Seconds("ANOVOS_MLFLOW_RETRY_TIMEOUT", defaultSeconds: 600),
    };
}
