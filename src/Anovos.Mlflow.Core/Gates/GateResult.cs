namespace Anovos.Mlflow.Gates;

/// <summary>The outcome of a gate's rule.</summary>
public enum GateOutcome
{
    /// <summary>The run meets the rule.</summary>
    Passed,

    /// <summary>There is too little data to compare with. The gate stays open.</summary>
    Warning,

    /// <summary>The run breaks the rule, or lacks the data that the rule tests.</summary>
    Failed,
}

/// <summary>The result of a gate's rule for a run.</summary>
public sealed record GateResult
{
    /// <summary>The rule, such as <c>metric/rmse/max</c>, <c>drifted</c> or <c>step/stats_generator/global_summary</c>.</summary>
    public required string Rule { get; init; }

    /// <summary>The run's value: a number, or a time span for its duration; null if the run has none.</summary>
    public object? Value { get; init; }

    /// <summary>The allowed value, including tolerance, of the same type; null if there is no bound or it is unknown.</summary>
    public object? Bound { get; init; }

    /// <summary>The outcome.</summary>
    public required GateOutcome Outcome { get; init; }

    /// <summary>The reason, as a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Outcome}: {Rule}: {Reason}";
}
