namespace Anovos.Mlflow.Registry;

/// <summary>Which registry of a Databricks workspace.</summary>
public enum RegistryKind
{
    /// <summary>By the name of the model, and by the workspace's default.</summary>
    Default,

    /// <summary>The workspace's own.</summary>
    Workspace,

    /// <summary>Unity Catalog's.</summary>
    UnityCatalog,
}

/// <summary>What a registry URI names.</summary>
/// <param name="TrackingUri">The tracking URI of the store or workspace.</param>
/// <param name="Kind">Which of its registries.</param>
public sealed record RegistryTarget(string TrackingUri, RegistryKind Kind)
{
    private const string Workspace = "databricks", UnityCatalog = "databricks-uc";

    /// <summary>Whether a URI is that of Unity Catalog's registry.</summary>
    public static bool IsUnityCatalog(string? uri) => SchemeOf(uri) == UnityCatalog;

    /// <summary>
    /// Reads a registry URI: <c>databricks-uc</c>, <c>databricks</c>, both also with <c>://profile</c>, or a tracking URI.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for an open server of Unity Catalog.</exception>
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
