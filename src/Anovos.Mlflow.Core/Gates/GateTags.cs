using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Gates;

/// <summary>What the rules of a gate came to, as tags of the run.</summary>
public static class GateTags
{
    /// <summary>The tags' keys begin with it; the rule follows.</summary>
    public const string Prefix = "anovos.gate/";

    /// <summary>A tag for each rule: its outcome, and why.</summary>
    public static RunData Of(IReadOnlyList<GateResult> results, StoreLimits limits) => new()
    {
        Tags =
        [
            .. results.Select(result => new Tag(
                limits.ToValidKey(Prefix + result.Rule),
                ParamBuilder.Cut(result.Rule, $"{result.Outcome}: {result.Reason}", limits.TagValue, truncate: true, []))),
        ],
    };
}
