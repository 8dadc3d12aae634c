using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.Gates;

/// <summary>What a gate asks of a run.</summary>
public sealed record GateRules
{
    /// <summary>What it asks of metrics: a rule each at most.</summary>
    public IReadOnlyList<MetricRule> Metrics { get; init; } = [];

    /// <summary>How many attributes may have drifted; null for any number.</summary>
    public int? MaxDrifted { get; init; }

    /// <summary>How many attributes may be unstable; null for any number.</summary>
    public int? MaxUnstable { get; init; }

    /// <summary>How long the run may take; null for any time.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>Steps of the workflow that the run has to have times of, as <c>drift_detector/drift_statistics</c>.</summary>
    public IReadOnlyList<string> Steps { get; init; } = [];

    /// <summary>Paths of files or folders that have to be among the run's artifacts.</summary>
    public IReadOnlyList<string> Artifacts { get; init; } = [];

    /// <summary>The models that metrics are compared with.</summary>
    public IEnumerable<ModelUri> Models =>
        Metrics.SelectMany(rule => new[] { rule.Max?.Model, rule.Min?.Model }).OfType<ModelUri>();

    /// <summary>Refuses rules of which there is none: they would let every run pass.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void ThrowIfEmpty()
    {
        if (Metrics.Count + Steps.Count + Artifacts.Count == 0 && MaxDrifted is null && MaxUnstable is null && MaxDuration is null)
            throw new MlflowException(ErrorKind.InvalidValue, "There are no rules to test. Give at least one.");
    }

    /// <summary>
    /// These rules, and those of a file that they do not replace. A metric has the rule of one side only, and so have all steps and all
    /// artifacts.
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
