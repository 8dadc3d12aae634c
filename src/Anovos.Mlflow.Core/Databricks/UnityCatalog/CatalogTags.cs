using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Converts tags of this client for Unity Catalog, which does not allow periods in keys: they are replaced with underscores.
/// </summary>
internal static class CatalogTags
{
    private const string Own = "anovos.mlflow.", Kept = "anovos_mlflow_";

    /// <summary>Converts a key to its form in Unity Catalog.</summary>
    public static string Key(string key) => key.StartsWith(Own, StringComparison.Ordinal) ? key.Replace('.', '_') : key;

    /// <summary>Converts tags to their form in Unity Catalog.</summary>
    public static IReadOnlyList<Tag> Write(IReadOnlyList<Tag> tags) => [.. tags.Select(tag => new Tag(Key(tag.Key), tag.Value))];

    /// <summary>Converts tags back to their original form.</summary>
    public static IReadOnlyDictionary<string, string> Read(IReadOnlyDictionary<string, string> tags) => tags.ToDictionary(
        tag => tag.Key.StartsWith(Kept, StringComparison.Ordinal) ? tag.Key.Replace('_', '.') : tag.Key, tag => tag.Value);
}
