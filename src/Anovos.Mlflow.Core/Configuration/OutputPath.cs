using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Configuration;

/// <summary>A path in a workflow file, resolved on this machine.</summary>
internal sealed class OutputPath
{
    private const int MaxLength = 4096;

    // At least two characters: C:/ is a drive.
    private static readonly Regex Scheme = new(@"^(?<scheme>[A-Za-z][A-Za-z0-9+.\-]+):(?=/)", RegexOptions.CultureInvariant);

    private readonly IReadOnlyList<string> _segments;
    private readonly bool _relative;

    private OutputPath(string value, bool isRemote, bool relative, IEnumerable<string> segments)
    {
        Value = value;
        IsRemote = isRemote;
        _relative = relative;
        _segments = segments.Where(segment => segment.Length > 0 && segment != ".").ToList();
    }

    /// <summary>Compares local paths by the rules of this system.</summary>
    public static StringComparer Comparer => OnWindows ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The full path, or the URI as written, without a trailing slash.</summary>
    public string Value { get; }

    /// <summary>Whether it is a URI of a remote store.</summary>
    public bool IsRemote { get; }

    /// <summary>The name of the last folder; empty if there is none.</summary>
    public string Name => _segments.LastOrDefault(segment => segment != "..") ?? "";

    /// <summary>The entire path if it is relative and stays below its base; otherwise its last folder.</summary>
    public string ArtifactPath => _relative && !_segments.Contains("..") ? string.Join("/", _segments) : Name;

    /// <summary>Parses a path; null if it is not valid on this machine.</summary>
    /// <param name="text">The path as written in a workflow file.</param>
    /// <param name="basePath">The full path that is the base of relative paths.</param>
    public static OutputPath? Parse(string text, string basePath)
    {
        if (text.Trim().Length == 0 || text.Length > MaxLength || text.Any(char.IsControl))
            return null;

        string scheme = Scheme.Match(text).Groups["scheme"].Value.ToLowerInvariant();
        if (scheme.Length > 0 && scheme is not ("dbfs" or "file"))
        {
            // The authority (the bucket, the account) is not a folder.
            string path = Regex.Replace(text, "^[^:]+:/(?:/[^/]*)?", "");
            return new OutputPath(text.TrimEnd('/'), isRemote: true, relative: false, path.Split('/'));
        }

        try
        {
            string local = ToLocal(text, scheme);
            bool relative = scheme.Length == 0 && !LocalPath.IsRooted(local);
            string below = relative ? local : local.Substring(Path.GetPathRoot(local)!.Length);
            return new OutputPath(Trim(Path.GetFullPath(LocalPath.Join(basePath, local))), isRemote: false, relative, below.Split('/'));
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or PathTooLongException)
        {
            return null;
        }
    }

    /// <summary>Returns a path below this one.</summary>
    /// <param name="relative">The names, separated by slashes.</param>
    public OutputPath Child(string relative)
    {
        string value = IsRemote ? $"{Value}/{relative}" : Path.GetFullPath(Path.Combine(Value, relative));
        return new OutputPath(value, IsRemote, _relative, _segments.Concat(relative.Split('/')));
    }

    /// <summary>Whether the path is the folder or a parent of it.</summary>
    public bool IsOrHolds(string folder)
    {
        StringComparison comparison = OnWindows ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        string separator = Path.DirectorySeparatorChar.ToString();
        return !IsRemote && (Trim(folder) + separator).StartsWith(Value.TrimEnd(Path.DirectorySeparatorChar) + separator, comparison);
    }

    private static bool OnWindows => WindowsName.IsWindows;

    /// <summary>Converts to a local path. On a Databricks driver, <c>dbfs:/x</c> is <c>/dbfs/x</c>.</summary>
    private static string ToLocal(string text, string scheme)
    {
        if (scheme.Length == 0)
            return ToSlashes(text);

        string path = text.Substring(scheme.Length + 1);
        if (path.StartsWith("//", StringComparison.Ordinal))
            path = path.IndexOf('/', 2) is var slash and > 0 ? path.Substring(slash) : "/";
        if (scheme == "dbfs")
            return "/dbfs" + path;
        return path.Length > 2 && path[2] == ':' ? path.Substring(1) : path;
    }

    private static string ToSlashes(string path) => OnWindows ? path.Replace('\\', '/') : path;

    private static string Trim(string full) =>
        full.Length > Path.GetPathRoot(full)!.Length ? full.TrimEnd(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar) : full;
}
