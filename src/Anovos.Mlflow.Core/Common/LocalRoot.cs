using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>Artifact roots in a folder. One that is empty, relative, or of another machine leads to files that are no artifacts.</summary>
internal static class LocalRoot
{
    private static readonly Regex WindowsDrive = new(
        @"^(?:file:/*|[/\\])?[a-zA-Z](?::|%3a)(?:[/\\]|%5c|\z)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
    private static readonly Regex WindowsShare = new(@"^\\\\[^\\]", RegexOptions.CultureInvariant);

    private static bool OnWindows => RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

    /// <summary>Whether a root is the URI of a place elsewhere, as <c>s3:</c>.</summary>
    public static bool IsElsewhere(string root) => LocalUri.SchemeOf(root) is not (null or "file");

    /// <summary>Why a root names no folder of this machine, as the end of a sentence; null where it names one, or a place elsewhere (<c>s3:</c>).</summary>
    public static string? WhyUnusable(string root)
    {
        if (string.IsNullOrWhiteSpace(root))
            return "is missing or empty";
        if (IsElsewhere(root))
            return null;
        if (!OnWindows && WindowsDrive.IsMatch(root))
            return "is a folder of a Windows machine";
        if (!OnWindows && WindowsShare.IsMatch(root))
            return "is a share of a Windows network";
        string path;
        try
        {
            path = LocalUri.ToPath(root);
        }
        catch (MlflowException)
        {
            return "is a folder of another machine";
        }

        if (!Path.IsPathRooted(path) || (OnWindows && !path.Contains(':') && !path.StartsWith(@"\\", StringComparison.Ordinal)))
            return OnWindows && path.StartsWith("/", StringComparison.Ordinal) ? "is a folder of another machine" : "is relative, and to which folder is not known";
        return Path.GetFullPath(path) == Path.GetPathRoot(Path.GetFullPath(path)) ? "is the root of the disk" : null;
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
