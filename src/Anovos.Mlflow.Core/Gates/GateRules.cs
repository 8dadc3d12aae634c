using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.Gates;

/// <summary>The rules of a gate.</summary>
public sealed record GateRules
{
    /// <summary>The rules for metrics, at most one per metric.</summary>
    public IReadOnlyList<MetricRule> Metrics { get; init; } = [];

    /// <summary>The maximum number of drifted attributes; null for no limit.</summary>
    public int? MaxDrifted { get; init; }

    /// <summary>The maximum number of unstable attributes; null for no limit.</summary>
    public int? MaxUnstable { get; init; }

    /// <summary>The maximum duration of the run; null for no limit.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>The steps of the workflow that the run must have times for, such as <c>drift_detector/drift_statistics</c>.</summary>
    public IReadOnlyList<string> Steps { get; init; } = [];

    /// <summary>The paths of files or folders that must be among the run's artifacts.</summary>
    public IReadOnlyList<string> Artifacts { get; init; } = [];

    /// <summary>The models that metrics are compared with.</summary>
    public IEnumerable<ModelUri> Models =>
        Metrics.SelectMany(rule => new[] { rule.Max?.Model, rule.Min?.Model }).OfType<ModelUri>();

    /// <summary>Throws if there are no rules, because every run would pass.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void ThrowIfEmpty()
    {
        if (Metrics.Count + Steps.Count + Artifacts.Count == 0 && MaxDrifted is null && MaxUnstable is null && MaxDuration is null)
            throw new MlflowException(ErrorKind.InvalidValue, "There are no rules to test. Give at least one.");
    }

    /// <summary>
    /// Merges these rules with those of a file. These replace the file's rule for the same metric, its steps and its artifacts as a whole.
    /// </summary>
    public GateRules Over(GateRules file) => new()
    {
        Metrics = [.. file.Metrics.Where(rule => Metrics.All(own => own.Metric != rule.Metric)), .. Metrics],
        MaxDrifted = MaxDrifted ?? file.MaxDrifted,
        MaxUnstable = MaxUnstable ?? file.MaxUnstable,
        MaxDuration = MaxDuration ?? file.MaxDuration,
        Steps = Steps.Count > 0 ? Steps : file.Steps,
        Artifacts = Artifacts.Count > 0 ? Artifacts : file.Artifacts,
    };
}
