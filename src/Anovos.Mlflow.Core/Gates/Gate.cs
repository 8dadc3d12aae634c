using System.Globalization;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Gates;

/// <summary>Tests a run by rules.</summary>
/// <param name="store">The store of the run.</param>
/// <param name="findVersion">Finds a version of a registered model.</param>
public sealed class Gate(ITrackingStore store, Func<ModelUri, CancellationToken, Task<ModelVersion>> findVersion)
{
    /// <summary>What each rule came to, in their order. A rule that can find nothing to look at is not kept.</summary>
    /// <param name="run">The run, as its store has it.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> where there is no rule.</exception>
    public async Task<IReadOnlyList<GateResult>> TestAsync(Run run, GateRules rules, CancellationToken cancellationToken)
    {
        rules.ThrowIfEmpty();
        var references = new GateReferences(store, findVersion, run);
        List<GateResult> results = [];
        foreach (MetricRule rule in rules.Metrics)
        {
            foreach ((GateBound? bound, bool isMax) in new[] { (rule.Max, true), (rule.Min, false) })
            {
                if (bound is not null)
                    results.Add(await CompareAsync(run, rule, bound, isMax, references, cancellationToken).ConfigureAwait(false));
            }
        }

        return results;
    }

    private static async Task<GateResult> CompareAsync(
        Run run, MetricRule rule, GateBound bound, bool isMax, GateReferences references, CancellationToken cancellationToken)
    {
        string name = $"metric/{rule.Metric}/{(isMax ? "max" : "min")}";
        if (!run.Metrics.TryGetValue(rule.Metric, out double value))
            return Missing($"The run has no metric {rule.Metric}.");
        if (double.IsNaN(value))
            return Missing($"The run's metric {rule.Metric} is NaN.");

        GateReference reference = await references.FindAsync(rule.Metric, bound, cancellationToken).ConfigureAwait(false);
        if (reference.Value is not { } number)
            return reference.Doubt is { } nothing ? Result(nothing, GateOutcome.Warning, null) : Missing(reference.Origin);

        double tolerance = bound.Number is null && rule.Tolerance is not null ? rule.Tolerance.Of(number) : 0;
        double limit = isMax ? number + tolerance : number - tolerance;
        bool isKept = isMax ? value <= limit : value >= limit;
        string relation = isMax ? isKept ? "at most" : "more than" : isKept ? "at least" : "less than";
        string origin = tolerance > 0
            ? $": {Text(number)} {reference.Origin}, with a tolerance of {rule.Tolerance}"
            : $" {reference.Origin}".TrimEnd();
        string reason = $"{Text(value)} is {relation} {limit.ToString(tolerance > 0 ? "G15" : "R", CultureInfo.InvariantCulture)}{origin}.";
        return reference.Doubt is { } doubt
            ? Result($"{doubt} {reason}", GateOutcome.Warning, limit)
            : Result(reason, isKept ? GateOutcome.Passed : GateOutcome.Failed, limit);

        GateResult Missing(string reason) => rule.AllowMissing
            ? Result($"{reason} The rule allows that.", GateOutcome.Passed, null)
            : Result(reason, GateOutcome.Failed, null);

        GateResult Result(string reason, GateOutcome outcome, double? limit) => new()
        {
            Rule = name,
            Value = run.Metrics.ContainsKey(rule.Metric) ? value : null,
            Bound = limit ?? bound.Number,
            Outcome = outcome,
            Reason = reason,
            RunId = run.RunId,
        };
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
