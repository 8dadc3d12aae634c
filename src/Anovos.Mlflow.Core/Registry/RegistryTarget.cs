namespace Anovos.Mlflow.Registry;

/// <summary>A registry of a Databricks workspace.</summary>
public enum RegistryKind
{
    /// <summary>Decided by the name of the model and the workspace's default.</summary>
    Default,

    /// <summary>The workspace's own registry.</summary>
    Workspace,

    /// <summary>The registry of Unity Catalog.</summary>
    UnityCatalog,
}

/// <summary>The store or workspace and the registry that a registry URI names.</summary>
/// <param name="TrackingUri">The tracking URI of the store or workspace.</param>
/// <param name="Kind">Which of its registries is meant.</param>
public sealed record RegistryTarget(string TrackingUri, RegistryKind Kind)
{
    private const string Workspace = "databricks", UnityCatalog = "databricks-uc";

    /// <summary>Returns whether a URI names the registry of Unity Catalog.</summary>
    public static bool IsUnityCatalog(string? uri) => SchemeOf(uri) == UnityCatalog;

    /// <summary>
    /// Parses a registry URI: <c>databricks-uc</c> or <c>databricks</c>, each optionally with <c>://profile</c>, or a tracking URI.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for an open-source Unity Catalog server.</exception>
    public static RegistryTarget Parse(string uri)
    {
        string text = uri.Trim();
        return SchemeOf(text) switch
        {
            UnityCatalog => new RegistryTarget(Workspace + text.Substring(UnityCatalog.Length), RegistryKind.UnityCatalog),
            Workspace => new RegistryTarget(text, RegistryKind.Workspace),
            "uc" => throw new MlflowException(
                ErrorKind.NotSupported,
                $"'{UriCredentials.Hide(uri)}' is an open-source Unity Catalog server, which this version does not support. For Unity "
                + "Catalog in a Databricks workspace, use databricks-uc.")
            { Target = UriCredentials.Hide(uri) },
            _ => new RegistryTarget(text, RegistryKind.Default),
        };
    }

    private static string SchemeOf(string? uri) => uri?.Split(':')[0].Trim().ToLowerInvariant() ?? "";
}
