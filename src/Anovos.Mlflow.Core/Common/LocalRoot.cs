using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>Checks artifact roots in folders. An empty or relative root, or that of another machine, leads to unrelated files.</summary>
internal static class LocalRoot
{
    private static readonly Regex WindowsDrive = new(
        @"^(?:file:/*|[/\\])?[a-zA-Z](?::|%3a)(?:[/\\]|%5c|\z)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
    private static readonly Regex WindowsShare = new(@"^\\\\[^\\]", RegexOptions.CultureInvariant);

    /// <summary>Whether a root is a URI that is not a local folder, such as <c>s3:</c>.</summary>
    public static bool IsElsewhere(string root) => LocalUri.SchemeOf(root) is not (null or "file");

    /// <summary>Why a root does not name a folder on this machine, as the end of a sentence; null if it does, or if it is a remote URI (<c>s3:</c>).</summary>
    /// <param name="root">The root.</param>
    /// <param name="onWindows">Whether to assume Windows; by default, whether this machine runs Windows.</param>
    public static string? WhyUnusable(string root, bool? onWindows = null)
    {
        bool windows = onWindows ?? WindowsName.IsWindows;
        if (string.IsNullOrWhiteSpace(root))
            return "is missing or empty";
        if (IsElsewhere(root))
            return null;
        if (!windows && WindowsDrive.IsMatch(root))
            return "is a folder on a Windows machine";
        if (!windows && WindowsShare.IsMatch(root))
            return "is a Windows network share";
        string path;
        try
        {
            path = LocalUri.ToPath(root, windows);
        }
        catch (MlflowException)
        {
            return "is a folder on another machine";
        }

        if (!LocalPath.IsRooted(path, windows) || (windows && !path.Contains(':') && !LocalPath.IsShare(path)))
        {
            return windows && path.StartsWith("/", StringComparison.Ordinal)
                ? "is a folder on another machine"
                : "is relative to an unknown folder";
        }

        try
        {
            // Path does not understand the paths of another operating system.
            string full = windows == WindowsName.IsWindows ? Path.GetFullPath(path) : path;
            return LocalPath.IsRoot(full, windows) ? "is the root of the disk" : null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or PathTooLongException)
        {
            return "is not a valid path on this system";
        }
    }

    /// <summary>
    /// Returns the root, or the local folder that it corresponds to: a store that was moved, or written by an old MLflow, records its own
    /// folders under their former paths.
    /// </summary>
    /// <param name="root">The recorded root.</param>
    /// <param name="end">The end of the root if it is one of the store's own folders.</param>
    /// <param name="folder">The local folder.</param>
    public static string Resolve(string root, string end, string folder)
    {
        if (string.IsNullOrWhiteSpace(root) || WhyUnusable(root) is null)
            return root;
        string path = "/" + Uri.UnescapeDataString(root).Replace('\\', '/').TrimEnd('/');
        return path.EndsWith("/" + end, StringComparison.Ordinal) ? LocalUri.FromPath(folder) : root;
    }
}
