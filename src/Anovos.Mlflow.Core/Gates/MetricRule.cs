namespace Anovos.Mlflow.Gates;

/// <summary>The rule of a gate for a metric.</summary>
/// <param name="Metric">The metric's key.</param>
public sealed record MetricRule(string Metric)
{
    /// <summary>The keys of a rule, in a file and in a hashtable.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["max", "min", "tolerance", "allowMissing"];

    /// <summary>The upper bound; null for none.</summary>
    public GateBound? Max { get; init; }

    /// <summary>The lower bound; null for none.</summary>
    public GateBound? Min { get; init; }

    /// <summary>How far the metric may be beyond a bound that is not a number.</summary>
    public GateTolerance? Tolerance { get; init; }

    /// <summary>Whether the rule passes if the run, or the reference it is compared with, has no number.</summary>
    public bool AllowMissing { get; init; }

    /// <summary>Returns the rule with one of its <see cref="Keys"/> set to the value. Keys are not case-sensitive.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public MetricRule With(string key, string value) => key.ToUpperInvariant() switch
    {
        "MAX" => this with { Max = GateBound.Parse(value) },
        "MIN" => this with { Min = GateBound.Parse(value) },
        "TOLERANCE" => this with { Tolerance = GateTolerance.Parse(value) },
        "ALLOWMISSING" when bool.TryParse(value, out bool allowed) => this with { AllowMissing = allowed },
        "ALLOWMISSING" => throw Invalid($"allowMissing of metric '{Metric}' must be true or false, not '{value}'."),
        _ => throw Invalid($"A rule for a metric has no key '{key}'. Its keys are {string.Join(", ", Keys)}."),
    };

    /// <summary>Returns this rule if it can be tested.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public MetricRule Checked()
    {
        if (Max is null && Min is null)
            throw Invalid($"The rule for metric '{Metric}' has neither max nor min.");
        if (Tolerance is not null && Max is null or { Number: not null } && Min is null or { Number: not null })
        {
            throw Invalid(
                $"The tolerance for metric '{Metric}' requires a bound that is a run, a model or a median. Add it to the number instead.");
        }

        return this;
    }

    private MlflowException Invalid(string message) => new(ErrorKind.InvalidValue, message) { Target = Metric };
}
