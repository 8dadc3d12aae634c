namespace Anovos.Mlflow.Gates;

/// <summary>What a gate asks of a run.</summary>
public sealed record GateRules
{
    /// <summary>What it asks of metrics: a rule each at most.</summary>
    public IReadOnlyList<MetricRule> Metrics { get; init; } = [];

    /// <summary>Whether there is no rule at all.</summary>
    public bool IsEmpty => Metrics.Count == 0;

    /// <summary>These rules, and those of a file that they do not replace. A metric has the rule of one side only.</summary>
    public GateRules Over(GateRules file) => new()
    {
        Metrics = [.. file.Metrics.Where(rule => Metrics.All(own => own.Metric != rule.Metric)), .. Metrics],
    };
}
