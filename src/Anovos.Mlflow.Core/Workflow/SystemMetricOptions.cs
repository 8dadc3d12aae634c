namespace Anovos.Mlflow.Workflow;

/// <summary>The options for sampling system metrics, with MLflow's defaults and environment variables.</summary>
public sealed record SystemMetricOptions
{
    /// <summary>The tag with a sentence about what the system metrics of a run do not include.</summary>
    public const string MissingTag = "anovos.workflow.systemMetricsMissing";

    /// <summary>The variable that turns on system metrics.</summary>
    public const string EnableVariable = "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING";

    // Below the minimum, a sample would only show the noise of the system clock.
    private const double ShortestInterval = 0.01, LongestInterval = 86_400;

    /// <summary>The interval between two samples.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The number of samples per point.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>The name of this machine in the metric names, for runs on several machines; null to leave it out.</summary>
    public string? NodeId { get; init; }

    /// <summary>A sentence about what the metrics do not include because it runs elsewhere; null if they include everything.</summary>
    public string? Missing { get; init; }

    /// <summary>True if the environment turns on system metrics.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>.</exception>
    public static bool IsEnabled(Func<string, string?> environment) =>
        new EnvironmentVariables(environment).Flag(EnableVariable, defaultValue: false);

    /// <summary>Reads the options from an environment. As in MLflow, 0 means the default.</summary>
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
