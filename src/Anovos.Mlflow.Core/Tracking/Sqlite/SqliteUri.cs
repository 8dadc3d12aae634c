namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Parses a tracking URI that names a SQLite database, with SQLAlchemy's rules, as in MLflow: three slashes before a relative path, four
/// before an absolute one, and no percent-encoding.
/// </summary>
internal static class SqliteUri
{
    private const string Prefix = "sqlite:///";

    /// <summary>
    /// Returns the tracking URI of a database: <c>sqlite:////folder/file.db</c>; on Windows <c>sqlite:///C:/folder/file.db</c>.
    /// </summary>
    public static string Of(string path) => Prefix + (WindowsName.IsWindows ? LocalPath.WithoutPrefix(path).Replace('\\', '/') : path);

    /// <summary>Returns the full path of the file that the URI names.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> if it does not name a file.</exception>
    public static string Resolve(string text, string baseDirectory)
    {
        int colon = text.IndexOf(':');
        string rest = text.Substring(colon + 1);
        if (!rest.StartsWith("///", StringComparison.Ordinal))
        {
            throw Odd(text, "has too few slashes. "
                + $"Write {Prefix}folder/file.db for a relative path, or {Prefix}/folder/file.db for a full one");
        }

        string path = rest.Substring(3);
        int query = path.IndexOf('?');
        if (query >= 0)
            throw Odd(text, $"has settings after '?', which are not supported. Write {Prefix}{path.Substring(0, query)}");
        if (path.Length == 0 || path == ":memory:")
            throw Odd(text, $"does not name a file, so all data would be lost after the command. Write {Prefix}mlflow.db");
        if (path[0] == '~')
            throw Odd(text, "begins with '~', which MLflow does not expand to the home folder. Give the full path");
        if (path.EndsWith("/", StringComparison.Ordinal) || path.EndsWith("\\", StringComparison.Ordinal))
            throw Odd(text, $"names a folder. Write {text.TrimEnd('/', '\\')}/mlflow.db");
        bool hasDrive = path.Length > 1 && char.IsLetter(path[0]) && path[1] == ':';
        if (!WindowsName.IsWindows && hasDrive)
            throw Odd(text, "is a Windows path, but this machine has no drives. Give a path of this machine");
        return LocalPath.Full(baseDirectory, path, ErrorKind.UriUnsupported);
    }

    private static MlflowException Odd(string text, string what) =>
        new(ErrorKind.UriUnsupported, $"The tracking URI '{text}' {what}.") { Target = text };
}
