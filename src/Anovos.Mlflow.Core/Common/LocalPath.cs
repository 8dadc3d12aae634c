namespace Anovos.Mlflow;

/// <summary>
/// Joins paths by the rules of Windows or of Unix. <see cref="Path"/> of .NET Framework throws for the characters that Windows does
/// not take, and starts <c>\data</c> at the drive of the process.
/// </summary>
internal static class LocalPath
{
    /// <summary>Whether the path has a root: a slash, or on Windows a drive.</summary>
    public static bool IsRooted(string path, bool? onWindows = null) =>
        StartsWithSlash(path, OnWindows(onWindows)) || (OnWindows(onWindows) && HasDrive(path));

    /// <summary>
    /// The path, which starts in a folder unless it says where it starts. On Windows <c>\data</c> starts at the folder's drive.
    /// </summary>
    /// <param name="folder">A full path.</param>
    /// <param name="path">The path.</param>
    /// <param name="onWindows">Whether the rules of Windows hold; by default, whether this is Windows.</param>
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

        // C:data starts in the folder if that is on C:, and else at the drive.
        if (path.Length > 2 && path[2] is '\\' or '/')
            return path;
        bool isSameDrive = HasDrive(folder) && char.ToUpperInvariant(folder[0]) == char.ToUpperInvariant(path[0]);
        return Below(isSameDrive ? folder : path.Substring(0, 2) + '\\', path.Substring(2), '\\');
    }

    /// <summary>The same as a full path.</summary>
    /// <exception cref="MlflowException">No path on this system can be like that; of the given kind.</exception>
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

    /// <summary>The path without <c>\\?\</c>, which Windows PowerShell does not take.</summary>
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

    /// <summary>Whether a full path is a drive or a share itself, or the root of Unix.</summary>
    public static bool IsRoot(string path, bool? onWindows = null) => OnWindows(onWindows)
        ? RootOf(path.Replace('/', '\\')).TrimEnd('\\') == path.Replace('/', '\\').TrimEnd('\\')
        : path.Trim('/').Length == 0;

    /// <summary>Whether the path is on a share, or has two slashes at its beginning as one has.</summary>
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
