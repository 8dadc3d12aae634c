using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.Gates;

/// <summary>What a gate asks of a run.</summary>
public sealed record GateRules
{
    /// <summary>What it asks of metrics: a rule each at most.</summary>
    public IReadOnlyList<MetricRule> Metrics { get; init; } = [];

    /// <summary>The models that metrics are compared with.</summary>
    public IEnumerable<ModelUri> Models =>
        Metrics.SelectMany(rule => new[] { rule.Max?.Model, rule.Min?.Model }).OfType<ModelUri>();

    /// <summary>Refuses rules of which there is none: they would let every run pass.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void ThrowIfEmpty()
    {
        if (Metrics.Count == 0)
            throw new MlflowException(ErrorKind.InvalidValue, "There is no rule to test runs by. Give at least one.");
    }

    /// <summary>These rules, and those of a file that they do not replace. A metric has the rule of one side only.</summary>
    public GateRules Over(GateRules file) => new()
    {
        Metrics = [.. file.Metrics.Where(rule => Metrics.All(own => own.Metric != rule.Metric)), .. Metrics],
    };
}
