using YamlDotNet.Core.Events;

namespace Anovos.Mlflow.Yaml;

/// <summary>Checks tags: only those known to PyYAML's SafeLoader are accepted, as SafeLoader does.</summary>
internal static class YamlTags
{
    /// <summary>The tag <c>!</c>: the value is resolved as if it had neither a tag nor quotes.</summary>
    public const string NonSpecific = "!";

    private const string Prefix = "tag:yaml.org,2002:";

    private static readonly string[] Known =
        ["str", "int", "float", "bool", "null", "timestamp", "binary", "map", "seq", "set", "omap", "pairs", "merge"];

    /// <summary>Returns the node's tag without YAML's prefix; null if it has none.</summary>
    /// <exception cref="YamlFault">The tag is not one of YAML's own.</exception>
    public static string? Of(NodeEvent node, YamlPosition position)
    {
        if (node.Tag.IsEmpty)
            return null;
        string tag = node.Tag.Value;
        if (tag == NonSpecific)
            return tag;
        if (tag.StartsWith(Prefix, StringComparison.Ordinal) && Known.Contains(tag.Substring(Prefix.Length)))
            return tag.Substring(Prefix.Length);

        throw new YamlFault(position, $"The tag '{YamlScalar.Quote(tag)}' is unknown to Anovos, which reads only plain YAML.",
            "Remove it, or put the text in quotes if it begins with an exclamation mark.");
    }

    /// <summary>Checks that the node has one of these tags or no tag.</summary>
    /// <exception cref="YamlFault">The node has another tag.</exception>
    public static void Require(NodeEvent node, YamlPosition position, string what, params string[] tags)
    {
        if (Of(node, position) is { } tag && tag != NonSpecific && !tags.Contains(tag))
            throw new YamlFault(position, $"The tag '!!{tag}' is not valid for {what}.", "Remove it.");
    }
}
