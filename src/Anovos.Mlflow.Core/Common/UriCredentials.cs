namespace Anovos.Mlflow;

/// <summary>Separates a URI from the user and password in it.</summary>
public static class UriCredentials
{
    /// <summary>
    /// Returns the URI without credentials, and the credentials as written; null if it has none. The last @ ends them, as in curl,
    /// because people paste passwords that contain @ or #.
    /// </summary>
    /// <param name="uri">The URI, with or without a scheme.</param>
    /// <param name="hasPath">False for a proxy address, which has no path, so that the last @ of the whole text ends the password.</param>
    internal static (string Address, string? User, string? Password) Split(string uri, bool hasPath = true)
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

    /// <summary>Removes the credentials from a URI before it is stored. A path such as <c>git@host:path</c> has none.</summary>
    internal static string? Remove(string? uri) => uri?.Contains("://") == true ? Split(uri).Address : uri;

    /// <summary>
    /// Replaces the credentials in a URI with <c>…</c> for display: people paste <c>postgresql://user:password@host</c> where it cannot
    /// be used. The last @ of the whole text ends the password.
    /// </summary>
    public static string Hide(string uri)
    {
        (string address, string? user, string? password) = Split(uri, hasPath: false);
        int start = uri.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0 ? scheme + 3 : 0;
        bool isPath = start == 0 && (password is null || user!.IndexOfAny(['/', '\\']) >= 0);
        return user is null || isPath ? uri : $"{uri.Substring(0, start)}…@{address.Substring(start)}";
    }
}
