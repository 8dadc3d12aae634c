using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Tags of this client in Unity Catalog, whose keys may not contain a period: there they are written with underscores.
/// </summary>
internal static class CatalogTags
{
    private const string Own = "anovos.mlflow.", Kept = "anovos_mlflow_";

    /// <summary>A key as Unity Catalog keeps it.</summary>
    public static string Key(string key) => key.StartsWith(Own, StringComparison.Ordinal) ? key.Replace('.', '_') : key;

    /// <summary>Tags as Unity Catalog keeps them.</summary>
    public static IReadOnlyList<Tag> Write(IReadOnlyList<Tag> tags) => [.. tags.Select(tag => new Tag(Key(tag.Key), tag.Value))];

    /// <summary>Tags as they were set.</summary>
    public static IReadOnlyDictionary<string, string> Read(IReadOnlyDictionary<string, string> tags) => tags.ToDictionary(
        tag => tag.Key.StartsWith(Kept, StringComparison.Ordinal) ? tag.Key.Replace('_', '.') : tag.Key, tag => tag.Value);
}
