namespace Anovos.Mlflow.TestServer;

/// <summary>The path of an artifact, as MLflow takes it from a request.</summary>
internal static class ArtifactPath
{
    /// <summary>Decodes for as long as there is something to decode, and refuses what could leave the root.</summary>
    public static string Clean(string path)
    {
        for (string decoded = Uri.UnescapeDataString(path); decoded != path; decoded = Uri.UnescapeDataString(path))
            path = decoded;
        string slashed = path.Replace('\\', '/');
        bool hasDrive = slashed.Length > 1 && slashed[1] == ':' && char.IsAsciiLetter(slashed[0]);
        if (hasDrive || slashed.StartsWith('/') || slashed.Contains('#', StringComparison.Ordinal) || slashed.Split('/').Contains(".."))
            throw ApiException.Invalid("Invalid path");
        return string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));
    }
}
