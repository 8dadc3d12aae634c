namespace Anovos.Mlflow.Workflow;

/// <summary>How system metrics are sampled, with the defaults and by the environment variables of MLflow.</summary>
public sealed record SystemMetricOptions
{
    /// <summary>The tag of a run whose system metrics leave something out: a sentence.</summary>
    public const string MissingTag = "anovos.workflow.systemMetricsMissing";

    /// <summary>The variable that switches system metrics on.</summary>
    public const string EnableVariable = "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING";

    // Below, a sample is the noise of the system's clock.
    private const double ShortestInterval = 0.01, LongestInterval = 86_400;

    /// <summary>The time between two samples.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The number of samples that become one point.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>The name of this machine in the metrics' names, for runs on several; null for none.</summary>
    public string? NodeId { get; init; }

    /// <summary>What they leave out because it runs elsewhere, as a sentence; null for nothing.</summary>
    public string? Missing { get; init; }

    /// <summary>True if the environment switches system metrics on.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>.</exception>
    public static bool IsEnabled(Func<string, string?> environment) =>
        new EnvironmentVariables(environment).Flag(EnableVariable, defaultValue: false);

    /// <summary>The options of an environment. As in MLflow, 0 is the default.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>.</exception>
    public static SystemMetricOptions Of(Func<string, string?> environment)
    {
        var variables = new EnvironmentVariables(environment);
        var options = new SystemMetricOptions { NodeId = variables.Text("MLFLOW_SYSTEM_METRICS_NODE_ID") };
        double seconds = variables.Number("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", 0, LongestInterval);
        int samples = variables.Count("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", 0);
        return options with
        {
            Interval = seconds > 0 ? TimeSpan.FromSeconds(Math.Max(ShortestInterval, seconds)) : options.Interval,
            Samples = samples > 0 ? samples : options.Samples,
        };
    }
}
