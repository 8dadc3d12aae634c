using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Configuration;

/// <summary>A path of a workflow file as this machine sees it.</summary>
internal sealed class OutputPath
{
    private const int MaxLength = 4096;

    // Two characters at least: C:/ is a drive.
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

    /// <summary>Whether two local paths are the same on this system.</summary>
    public static StringComparer Comparer => OnWindows ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The full path, or the URI as written without a slash at its end.</summary>
    public string Value { get; }

    /// <summary>Whether it is a URI of a remote store.</summary>
    public bool IsRemote { get; }

    /// <summary>The name of the last folder; empty when there is none.</summary>
    public string Name => _segments.LastOrDefault(segment => segment != "..") ?? "";

    /// <summary>The whole path where it is relative and stays below its start, else its last folder.</summary>
    public string ArtifactPath => _relative && !_segments.Contains("..") ? string.Join("/", _segments) : Name;

    /// <summary>Reads a path; null when this machine can have none such.</summary>
    /// <param name="text">The path as a workflow file has it.</param>
    /// <param name="basePath">The full path that relative ones start from.</param>
    public static OutputPath? Parse(string text, string basePath)
    {
        if (text.Trim().Length == 0 || text.Length > MaxLength || text.Any(char.IsControl))
            return null;

        string scheme = Scheme.Match(text).Groups["scheme"].Value.ToLowerInvariant();
        if (scheme.Length > 0 && scheme is not ("dbfs" or "file"))
        {
            // The authority (the bucket, the account) is no folder.
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

    /// <summary>Something below.</summary>
    /// <param name="relative">Names, separated by slashes.</param>
    public OutputPath Child(string relative)
    {
        string value = IsRemote ? $"{Value}/{relative}" : Path.GetFullPath(Path.Combine(Value, relative));
        return new OutputPath(value, IsRemote, _relative, _segments.Concat(relative.Split('/')));
    }

    /// <summary>Whether it is the folder or one above it.</summary>
    public bool IsOrHolds(string folder)
    {
        StringComparison comparison = OnWindows ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        string separator = Path.DirectorySeparatorChar.ToString();
        return !IsRemote && (Trim(folder) + separator).StartsWith(Value.TrimEnd(Path.DirectorySeparatorChar) + separator, comparison);
    }

    private static bool OnWindows => WindowsName.IsWindows;

    /// <summary>Databricks shows <c>dbfs:/x</c> on its driver as <c>/dbfs/x</c>.</summary>
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
