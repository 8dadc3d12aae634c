using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>Artifact roots in a folder. One that is empty, relative, or of another machine leads to files that are no artifacts.</summary>
internal static class LocalRoot
{
    private static readonly Regex WindowsDrive = new(
        @"^(?:file:/*|[/\\])?[a-zA-Z](?::|%3a)(?:[/\\]|%5c|\z)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
    private static readonly Regex WindowsShare = new(@"^\\\\[^\\]", RegexOptions.CultureInvariant);

    /// <summary>Whether a root is the URI of a place elsewhere, as <c>s3:</c>.</summary>
    public static bool IsElsewhere(string root) => LocalUri.SchemeOf(root) is not (null or "file");

    /// <summary>Why a root names no folder of this machine, as the end of a sentence; null where it names one, or a place elsewhere (<c>s3:</c>).</summary>
    /// <param name="root">The root.</param>
    /// <param name="onWindows">Whether this machine has Windows; by default, whether it does.</param>
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
            // Of another kind of system, Path does not know the paths.
            string full = windows == WindowsName.IsWindows ? Path.GetFullPath(path) : path;
            return LocalPath.IsRoot(full, windows) ? "is the root of the disk" : null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or PathTooLongException)
        {
            return "is not a valid path on this system";
        }
    }

    /// <summary>
    /// The root, or the folder here that it stands for: a store that was moved, or that an old MLflow wrote, names its own
    /// folders as they were called elsewhere.
    /// </summary>
    /// <param name="root">The root as it is recorded.</param>
    /// <param name="end">How it ends where it is the store's own.</param>
    /// <param name="folder">The folder here.</param>
    public static string Resolve(string root, string end, string folder)
    {
        if (string.IsNullOrWhiteSpace(root) || WhyUnusable(root) is null)
            return root;
        string path = "/" + Uri.UnescapeDataString(root).Replace('\\', '/').TrimEnd('/');
        return path.EndsWith("/" + end, StringComparison.Ordinal) ? LocalUri.FromPath(folder) : root;
    }
}
