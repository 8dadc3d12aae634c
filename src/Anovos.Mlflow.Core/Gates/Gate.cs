using System.Globalization;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Gates;

/// <summary>Tests a run against rules.</summary>
/// <param name="store">The store of the run.</param>
/// <param name="findVersion">Finds a version of a registered model.</param>
/// <param name="openArtifacts">Opens the artifacts of the run.</param>
public sealed class Gate(
    ITrackingStore store,
    Func<ModelUri, CancellationToken, Task<ModelVersion>> findVersion,
    Func<CancellationToken, Task<IArtifactStore>> openArtifacts)
{
    /// <summary>Returns a result for each rule, in order. A rule whose data is missing fails.</summary>
    /// <param name="run">The run.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if there are no rules.</exception>
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

        if (rules.MaxDrifted is { } drifted)
            results.Add(Flagged(run, "drifted", FlaggedAttributes.Drift, "drifted", drifted));
        if (rules.MaxUnstable is { } unstable)
            results.Add(Flagged(run, "unstable", FlaggedAttributes.Stability, "are unstable", unstable));
        if (rules.MaxDuration is { } duration)
            results.Add(Duration(run, duration));
        results.AddRange(rules.Steps.Select(step => Step(run, step)));
        if (rules.Artifacts.Count > 0)
            results.AddRange(await ArtifactsAsync(run, rules.Artifacts, cancellationToken).ConfigureAwait(false));
        return results;
    }

    private static GateResult Flagged(Run run, string rule, string table, string what, int most)
    {
        FlaggedAttributes? flagged = FlaggedAttributes.Of(run, table);
        string reason = flagged?.Describe(what)
            ?? $"The run has no metrics of the table {table}. Write-AnovosStatistic writes them from the workflow's reports.";
        bool isKept = flagged?.Count <= most;
        reason += flagged is null || isKept ? "" : $" Allowed: {most}.";
        return Result(run, rule, isKept, reason) with { Value = (double?)flagged?.Count, Bound = (double)most };
    }

    private static GateResult Duration(Run run, TimeSpan most)
    {
        // A run in progress fails once it has run for too long.
        TimeSpan took = run.Duration ?? DateTimeOffset.UtcNow - run.StartTime;
        bool isKept = took <= most;
        string reason = $"The run {(run.Duration is null ? "is still running after" : "took")} {Text(took)}.{(isKept ? "" : $" Allowed: {Text(most)}.")}";
        return Result(run, "duration", isKept, reason) with { Value = took, Bound = most };
    }

    private static GateResult Step(Run run, string step)
    {
        // Step names have dots in the workflow file. The metrics have slashes, or dots where a folder store could not hold both names.
        string name = step.Replace('.', '/');
        string wanted = Timings.Prefix + name;
        string? key = run.Metrics.Keys.OrderBy(key => key, StringComparer.Ordinal)
            .FirstOrDefault(key => $"{key.Replace('.', '/')}/".StartsWith(wanted + "/", StringComparison.Ordinal));
        string reason = key is null ? $"The run has no time for step {step}." : $"The run has the time of this step: {key}.";
        return Result(run, $"step/{name}", key is not null, reason);
    }

    private async Task<IReadOnlyList<GateResult>> ArtifactsAsync(Run run, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        using IArtifactStore artifacts = await openArtifacts(cancellationToken).ConfigureAwait(false);
        List<GateResult> results = [];
        foreach (string path in paths)
        {
            bool isThere = true;
            string reason = "The run has the artifact.";
            try
            {
                await ArtifactTree.FindAsync(artifacts, ArtifactPath.Normalize(path), cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
            {
                (isThere, reason) = (false, $"The run has no artifact '{path}'.");
            }

            results.Add(Result(run, $"artifact/{path}", isThere, reason));
        }

        return results;
    }

    private static GateResult Result(Run run, string rule, bool isKept, string reason) =>
        Result(run, rule, isKept ? GateOutcome.Passed : GateOutcome.Failed, reason);

    private static GateResult Result(Run run, string rule, GateOutcome outcome, string reason) => new()
    {
        Rule = rule,
        Outcome = outcome,
        Reason = reason,
        RunId = run.RunId,
    };

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
            return reference.Doubt is { } nothing ? Compared(nothing, GateOutcome.Warning, null) : Missing(reference.Origin);

        double tolerance = bound.Number is null && rule.Tolerance is not null ? rule.Tolerance.Of(number) : 0;
        double limit = tolerance > 0 ? Rounded(isMax ? number + tolerance : number - tolerance) : number;
        bool isKept = isMax ? value <= limit : value >= limit;
        string relation = isMax ? isKept ? "at most" : "more than" : isKept ? "at least" : "less than";
        string origin = tolerance > 0
            ? $": {Text(number)} {reference.Origin}, with a tolerance of {rule.Tolerance}"
            : $" {reference.Origin}".TrimEnd();
        string reason = $"{Text(value)} is {relation} {Text(limit)}{origin}.";
        return reference.Doubt is { } doubt
            ? Compared($"{doubt} {reason}", GateOutcome.Warning, limit)
            : Compared(reason, isKept ? GateOutcome.Passed : GateOutcome.Failed, limit);

        GateResult Missing(string reason) => rule.AllowMissing
            ? Compared($"{reason} The rule allows that.", GateOutcome.Passed, null)
            : Compared(reason, GateOutcome.Failed, null);

        GateResult Compared(string reason, GateOutcome outcome, double? limit) => Result(run, name, outcome, reason) with
        {
            Value = run.Metrics.ContainsKey(rule.Metric) ? value : null,
            Bound = limit ?? bound.Number,
        };
    }

    // Half more than a third is 0.5, not 0.49999999999999994.
    private static double Rounded(double value) =>
        double.TryParse(
            value.ToString("G15", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out double rounded)
            ? rounded
            : value;

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Text(TimeSpan value) => value.ToString("g", CultureInfo.InvariantCulture);
}
