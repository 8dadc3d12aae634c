using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Gates;

/// <summary>Writes the results of a gate as tags of the run.</summary>
public static class GateTags
{
    /// <summary>The prefix of the tags' keys; the rule follows.</summary>
    public const string Prefix = "anovos.gate/";

    /// <summary>Returns a tag for each rule, with its outcome and reason.</summary>
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
