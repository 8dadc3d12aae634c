namespace Anovos.Mlflow.Databricks;

/// <summary>The scopes to request for OAuth tokens: the profile's <c>scopes</c>.</summary>
internal static class Scopes
{
    /// <summary>The scope that grants a refresh token and no permission.</summary>
    public const string Refresh = "offline_access";

    private const string Default = "all-apis";

    /// <summary>Returns the scopes of a configuration, sorted and without duplicates; all APIs if it has none.</summary>
    public static IReadOnlyList<string> Of(DatabricksConfig config) =>
        Split(config["scopes"] ?? "") is { Count: > 0 } scopes ? scopes : [Default];

    /// <summary>Splits a text with scopes separated by commas or spaces.</summary>
    public static IReadOnlyList<string> Split(string text) =>
        [.. text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Distinct().OrderBy(scope => scope, StringComparer.Ordinal)];
}
