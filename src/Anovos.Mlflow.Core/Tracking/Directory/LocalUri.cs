using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>File URIs as Python's <c>Path.as_uri</c> writes them, for MLflow compares and joins them as text.</summary>
internal static class LocalUri
{
    // Two letters at least: "C:" is a drive.
    private static readonly Regex Scheme = new(@"^[a-zA-Z][a-zA-Z0-9+.-]+:", RegexOptions.CultureInvariant);

    /// <summary>The URI of a full path: <c>file:///…</c>, everything but letters, digits and <c>-._~</c> percent-encoded.</summary>
    public static string FromPath(string fullPath)
    {
        string path = Path.DirectorySeparatorChar == '\\' ? fullPath.Replace('\\', '/') : fullPath;
        if (path.StartsWith("//", StringComparison.Ordinal))
            return "file:" + Escape(path);
        return path.Length > 1 && path[1] == ':'
            ? $"file:///{path.Substring(0, 2)}{Escape(path.Substring(2))}"
            : "file://" + Escape(path);
    }

    /// <summary>Whether an artifact location says where it is without a current folder: a URI or a full path.</summary>
    public static bool IsAbsolute(string location) => Scheme.IsMatch(location) || Path.IsPathRooted(location);

    /// <summary>The location below another; a query (<c>s3://bucket/p?region=…</c>) stays at the end.</summary>
    public static string Append(string location, string below)
    {
        int query = Scheme.IsMatch(location) ? location.IndexOf('?') : -1;
        return query < 0
            ? $"{location.TrimEnd('/')}/{below}"
            : $"{location.Substring(0, query).TrimEnd('/')}/{below}{location.Substring(query)}";
    }

    private static string Escape(string path) => string.Join("/", path.Split('/').Select(Uri.EscapeDataString));
}
