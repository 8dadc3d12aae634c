using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Reads <c>track_intermediates</c> if it is a list of patterns. Anovos itself treats any list as True.</summary>
internal static class PatternList
{
    private const string Key = "mlflow.track_intermediates";

    // Each pattern is tested on each output. The limit keeps the number of tests small.
    private const int MaxPatterns = 100;

    /// <summary>Returns the patterns of a list, and adds invalid patterns to the problems.</summary>
    public static IReadOnlyList<ArtifactPattern> Read(YamlSequence list, ConfigProblems problems)
    {
        if (list.Items.Count <= MaxPatterns)
            return list.Items.Select(item => Read(item, problems)).OfType<ArtifactPattern>().ToList();

        problems.Error(RuleIds.PatternInvalid, list.Position, Key,
            $"The list has {list.Items.Count} patterns, but at most {MaxPatterns} are allowed.",
            "Use '*' to select several at once.");
        return [];
    }

    private static ArtifactPattern? Read(YamlNode node, ConfigProblems problems)
    {
        var scalar = node as YamlScalar;
        string? why = scalar is { Kind: YamlKind.String } ? ArtifactPattern.WhyInvalid(scalar.Text) : $"it is {node.Description}";
        if (why is null)
            return ArtifactPattern.Parse(scalar!.Text);

        problems.Error(RuleIds.PatternInvalid, node.Position, Key, $"This is not a pattern: {why}.",
            "Write an artifact path such as data_ingest/join_dataset or data_transformer/*.");
        return null;
    }
}
