namespace Anovos.Mlflow.Http;

/// <summary>How often and after which waits a request is sent again; MLflow's environment variables and defaults.</summary>
public sealed record RetryPolicy
{
    /// <summary>The most that MLflow's client allows.</summary>
    public const int RetriesLimit = 10;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(120);

    /// <summary>Sends once.</summary>
    public static RetryPolicy None { get; } = new() { MaxRetries = 0 };

    /// <summary>How often a request is sent again (<c>MLFLOW_HTTP_REQUEST_MAX_RETRIES</c>).</summary>
    public int MaxRetries { get; init; } = 7;

    /// <summary>Seconds of the first wait; each further one doubles (<c>MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR</c>).</summary>
    public double BackoffFactor { get; init; } = 2;

    /// <summary>Up to so many seconds are added to each wait, by chance (<c>MLFLOW_HTTP_REQUEST_BACKOFF_JITTER</c>).</summary>
    public double Jitter { get; init; } = 1;

    /// <summary>Whether a wait that the server asks for is kept (<c>MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER</c>).</summary>
    public bool RespectRetryAfter { get; init; } = true;

    /// <summary>No retry begins later than this after the first attempt (<c>ANOVOS_MLFLOW_RETRY_TIMEOUT</c>, seconds).</summary>
    public TimeSpan TotalTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The wait before a retry.</summary>
    /// <param name="retry">1 for the first.</param>
    /// <param name="retryAfter">What the server asked for.</param>
    /// <param name="chance">0 to 1.</param>
    public TimeSpan Wait(int retry, TimeSpan? retryAfter, double chance)
    {
        // The server's word may be longer than ours would be, and never shorter than nothing.
        if (RespectRetryAfter && retryAfter is { } asked)
            return asked < TimeSpan.Zero ? TimeSpan.Zero : asked;
        double seconds = (BackoffFactor * Math.Pow(2, retry - 1)) + (Jitter * chance);
        return seconds >= LongestWait.TotalSeconds ? LongestWait : TimeSpan.FromSeconds(seconds);
    }

    /// <summary>The policy that the environment gives.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a variable that cannot be read.</exception>
    internal static RetryPolicy FromEnvironment(EnvironmentVariables variables) => new()
    {
        MaxRetries = (int)variables.Number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7, RetriesLimit),
        BackoffFactor = variables.Number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 2, 120),
        Jitter = variables.Number("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 1, 120),
        RespectRetryAfter = variables.Flag("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", defaultValue: true),
        TotalTime = variables.Seconds("ANOVOS_MLFLOW_RETRY_TIMEOUT", defaultSeconds: 600),
    };
}
