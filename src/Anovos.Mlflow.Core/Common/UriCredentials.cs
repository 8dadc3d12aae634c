namespace Anovos.Mlflow;

/// <summary>Separates a URI from the user and password in it.</summary>
internal static class UriCredentials
{
    /// <summary>
    /// The URI without credentials, and the credentials as they are written; null where it has none. The last @ ends them, as
    /// for curl: people paste passwords that contain @ or #.
    /// </summary>
    /// <param name="uri">The URI, with or without a scheme.</param>
    /// <param name="hasPath">False for the address of a proxy, in which every @ ends a password.</param>
    public static (string Address, string? User, string? Password) Split(string uri, bool hasPath = true)
    {
        int start = uri.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0 ? scheme + 3 : 0;
        int slash = hasPath && Uri.TryCreate(uri, UriKind.Absolute, out _) ? uri.IndexOf('/', start) : -1;
        int end = slash < 0 ? uri.Length : slash;
        int at = end > start ? uri.LastIndexOf('@', end - 1, end - start) : -1;
        if (at < 0)
            return (uri, null, null);
        string[] parts = uri.Substring(start, at - start).Split([':'], 2);
        return (uri.Substring(0, start) + uri.Substring(at + 1), parts[0], parts.Length == 2 ? parts[1] : null);
    }
}
