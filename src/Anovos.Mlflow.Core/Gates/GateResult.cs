namespace Anovos.Mlflow.Gates;

/// <summary>What a rule of a gate came to.</summary>
public enum GateOutcome
{
    /// <summary>The run keeps the rule.</summary>
    Passed,

    /// <summary>There is too little to compare with. The gate stays open.</summary>
    Warning,

    /// <summary>The run breaks the rule, or has nothing that the rule could look at.</summary>
    Failed,
}

/// <summary>A rule of a gate, and what it came to for a run.</summary>
public sealed record GateResult
{
    /// <summary>The rule, as <c>metric/rmse/max</c>, <c>drifted</c> or <c>step/stats_generator/global_summary</c>.</summary>
    public required string Rule { get; init; }

    /// <summary>What the run has: a number, for its duration a time span; null where it has nothing.</summary>
    public object? Value { get; init; }

    /// <summary>What is allowed, tolerance included, of the same type; null where there is no bound or it is not known.</summary>
    public object? Bound { get; init; }

    /// <summary>What the rule came to.</summary>
    public required GateOutcome Outcome { get; init; }

    /// <summary>Why, as a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Outcome}: {Rule}: {Reason}";
}
