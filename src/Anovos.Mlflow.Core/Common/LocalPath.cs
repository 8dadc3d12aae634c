namespace Anovos.Mlflow;

/// <summary>
/// Joins paths by the rules of Windows or of Unix. In .NET Framework, <see cref="Path"/> throws for characters that Windows does not
/// allow, and resolves <c>\data</c> against the drive of the process.
/// </summary>
internal static class LocalPath
{
    /// <summary>Whether the path has a root: a slash, or on Windows a drive.</summary>
    public static bool IsRooted(string path, bool? onWindows = null) =>
        StartsWithSlash(path, OnWindows(onWindows)) || (OnWindows(onWindows) && HasDrive(path));

    /// <summary>
    /// Resolves a path against a folder, unless the path is absolute. On Windows, <c>\data</c> starts at the folder's drive.
    /// </summary>
    /// <param name="folder">A full path.</param>
    /// <param name="path">The path.</param>
    /// <param name="onWindows">Whether to use the rules of Windows; by default, those of this system.</param>
    public static string Join(string folder, string path, bool? onWindows = null)
    {
        if (!OnWindows(onWindows))
            return path.StartsWith("/", StringComparison.Ordinal) ? path : Below(folder, path, '/');
        if (IsShare(path))
            return WithoutPrefix(path, onWindows);
        if (StartsWithSlash(path, onWindows: true))
            return RootOf(folder) + path;
        if (!HasDrive(path))
            return Below(folder, path, '\\');

        // C:data starts in the folder if the folder is on C:, otherwise at the root of the drive.
        if (path.Length > 2 && path[2] is '\\' or '/')
            return path;
        bool isSameDrive = HasDrive(folder) && char.ToUpperInvariant(folder[0]) == char.ToUpperInvariant(path[0]);
        return Below(isSameDrive ? folder : path.Substring(0, 2) + '\\', path.Substring(2), '\\');
    }

    /// <summary>Joins the paths as <see cref="Join"/> does, and returns a full path.</summary>
    /// <exception cref="MlflowException">The result is not a valid path on this system. The exception has the given kind.</exception>
    public static string Full(string folder, string path, ErrorKind kind = ErrorKind.InvalidValue)
    {
        try
        {
            return Path.GetFullPath(Join(folder, path));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or PathTooLongException)
        {
            throw new MlflowException(kind, $"'{path}' is not a valid path on this system: {e.Message}", e) { Target = path };
        }
    }

    /// <summary>Removes the prefix <c>\\?\</c>, which Windows PowerShell does not support.</summary>
    public static string WithoutPrefix(string path, bool? onWindows = null)
    {
        const string prefix = @"\\?\", share = @"\\?\UNC\";
        if (!OnWindows(onWindows))
            return path;
        if (path.StartsWith(share, StringComparison.OrdinalIgnoreCase))
            return @"\\" + path.Substring(share.Length);
        return path.StartsWith(prefix, StringComparison.Ordinal) && HasDrive(path.Substring(prefix.Length))
            ? path.Substring(prefix.Length)
            : path;
    }

    /// <summary>Whether a full path is the root of a drive, of a share, or of a Unix file system.</summary>
    public static bool IsRoot(string path, bool? onWindows = null) => OnWindows(onWindows)
        ? RootOf(path.Replace('/', '\\')).TrimEnd('\\') == path.Replace('/', '\\').TrimEnd('\\')
        : path.Trim('/').Length == 0;

    /// <summary>Whether the path is on a share, that is, starts with two slashes.</summary>
    public static bool IsShare(string path) => path.Length > 1 && path[0] is '\\' or '/' && path[1] is '\\' or '/';

    // C: or \\server\share.
    private static string RootOf(string folder)
    {
        if (!IsShare(folder))
            return HasDrive(folder) ? folder.Substring(0, 2) : "";
        char[] separators = ['\\', '/'];
        int share = folder.IndexOfAny(separators, 2);
        int end = share < 0 ? -1 : folder.IndexOfAny(separators, share + 1);
        return end < 0 ? folder : folder.Substring(0, end);
    }

    private static bool OnWindows(bool? asked) => asked ?? WindowsName.IsWindows;

    private static bool StartsWithSlash(string path, bool onWindows) =>
        path.Length > 0 && (path[0] == '/' || (onWindows && path[0] == '\\'));

    private static bool HasDrive(string path) => path.Length > 1 && path[1] == ':' && path[0] is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z');

    private static string Below(string folder, string path, char separator) =>
        path.Length == 0 ? folder
        : folder.Length > 0 && (folder[folder.Length - 1] == separator || folder[folder.Length - 1] == '/') ? folder + path
        : folder + separator + path;
}
