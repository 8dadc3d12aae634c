using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>
/// Converts the local forms of a tracking URI or artifact root: a path, <c>file:relative</c>, <c>file:///absolute</c>. Writes them as
/// Python's <c>Path.as_uri</c> does, because MLflow compares and joins them as text.
/// </summary>
internal static class LocalUri
{
    private const string FileScheme = "file:";

    // At least two letters: "C:" is a drive.
    private static readonly Regex Scheme = new(@"^[a-zA-Z][a-zA-Z0-9+.-]+(?=:)", RegexOptions.CultureInvariant);

    /// <summary>The scheme of a URI in lower case; null for a path.</summary>
    public static string? SchemeOf(string text) => Scheme.Match(text) is { Success: true } match ? match.Value.ToLowerInvariant() : null;

    /// <summary>The URI of a full path: <c>file:///…</c>, everything but letters, digits and <c>-._~</c> percent-encoded.</summary>
    public static string FromPath(string fullPath, bool? onWindows = null)
    {
        string path = fullPath;
        if (onWindows ?? WindowsName.IsWindows)
            path = LocalPath.WithoutPrefix(fullPath, onWindows).Replace('\\', '/');
        if (path.StartsWith("//", StringComparison.Ordinal))
            return "file:" + Escape(path);
        return path.Length > 1 && path[1] == ':'
            ? $"file:///{path.Substring(0, 2)}{Escape(path.Substring(2))}"
            : "file://" + Escape(path);
    }

    /// <summary>Whether an artifact location is absolute: a URI or a full path.</summary>
    public static bool IsAbsolute(string location) =>
        LocalRoot.IsElsewhere(location) || LocalPath.IsRooted(ToPath(location));

    /// <summary>Appends a path to a location; a query (<c>s3://bucket/p?region=…</c>) stays at the end.</summary>
    public static string Append(string location, string below)
    {
        int query = Scheme.IsMatch(location) ? location.IndexOf('?') : -1;
        return query < 0
            ? $"{location.TrimEnd('/')}/{below}"
            : $"{location.Substring(0, query).TrimEnd('/')}/{below}{location.Substring(query)}";
    }

    /// <summary>
    /// The path that a <c>file:</c> URI or a plain path names; a relative path stays relative. On Windows,
    /// <c>file://server/share</c> is a share.
    /// </summary>
    public static string ToPath(string uri, bool? onWindows = null)
    {
        bool windows = onWindows ?? WindowsName.IsWindows;
        if (!uri.StartsWith(FileScheme, StringComparison.OrdinalIgnoreCase))
            return LocalPath.WithoutPrefix(uri, windows);

        string path = uri.Substring(FileScheme.Length);
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            int slash = path.IndexOf('/', 2);
            string host = path.Substring(2, (slash < 0 ? path.Length : slash) - 2);
            bool isElsewhere = host.Length > 0 && host is not ("localhost" or "127.0.0.1");
            if (isElsewhere && windows)
                return Uri.UnescapeDataString(path).Replace('/', '\\');
            if (isElsewhere)
                throw new MlflowException(ErrorKind.UriUnsupported, $"{uri} names the host '{host}', but a file: URI can only refer to this machine. For a folder on this machine, write file:///folder or just its path.") { Target = uri };
            path = slash < 0 ? "/" : path.Substring(slash);
        }

        path = Uri.UnescapeDataString(path);

        // file:///C:/x
        bool hasDrive = path.Length > 2 && path[0] == '/' && char.IsLetter(path[1]) && path[2] == ':';
        return hasDrive && windows ? path.Substring(1) : path;
    }

    private static string Escape(string path) => string.Join("/", path.Split('/').Select(Uri.EscapeDataString));
}
