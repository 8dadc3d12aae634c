namespace Anovos.Mlflow.Databricks;

/// <summary>What OAuth tokens are asked for: the profile's <c>scopes</c>.</summary>
internal static class Scopes
{
    /// <summary>The scope that gives a refresh token and no permission.</summary>
    public const string Refresh = "offline_access";

    private const string Default = "all-apis";

    /// <summary>The scopes of a configuration, each once and in order; all APIs if it has none.</summary>
    public static IReadOnlyList<string> Of(DatabricksConfig config) =>
        Split(config["scopes"] ?? "") is { Count: > 0 } scopes ? scopes : [Default];

    /// <summary>The scopes in a text, which separates them with commas or spaces.</summary>
    public static IReadOnlyList<string> Split(string text) =>
        [.. text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Distinct().OrderBy(scope => scope, StringComparer.Ordinal)];
}
