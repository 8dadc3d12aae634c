using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Predicts how an MLflow server changes an artifact path. For every request it decodes the path and parses it as a URL until nothing
/// changes (<c>validate_path_is_safe</c> in <c>mlflow/utils/uri.py</c>). No encoding of a name survives that. It does the same with the
/// path of a folder that it lists: a file in <c>a;</c> would be stored, but the listing of <c>a;</c> would be that of <c>a</c>.
/// </summary>
/// <remarks>
/// This is one rule for all versions. MLflow 2.17 keeps control characters in the names of folders, but a file with one in its own name
/// cannot be downloaded there (400), and MLflow 3 stores either under another name.
/// </remarks>
internal static class ServedPath
{
    private const int MaxRounds = 10;

    private static readonly Regex Encoded = new("(%[0-9a-fA-F]{2})+", RegexOptions.CultureInvariant);

    /// <summary>Throws if the server would change the path.</summary>
    /// <param name="path">The path relative to the run's artifact root. The server sees it below that root.</param>
    /// <param name="advice">The consequence and what to do, as the end of the message.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactPathInvalid"/></exception>
    public static void ThrowIfChanged(string path, string advice)
    {
        if (WhyChanged(path) is { } why)
            throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"An MLflow server {why}: {advice}.") { Target = path };
    }

    /// <summary>Returns null if the server keeps the path, and otherwise what it does with the path.</summary>
    public static string? WhyChanged(string path)
    {
        string? decoded = Decode(path);
        if (decoded is null || decoded.IndexOf('#') >= 0)
            return $"does not accept the artifact path '{SafeText.Of(path)}'";
        if (decoded != path)
            return $"reads the artifact path '{SafeText.Of(path)}' as '{SafeText.Of(decoded)}'";

        // From the file's own folder up to the first one.
        for (string folder = RemoteArtifacts.ParentOf(path); folder.Length > 0; folder = RemoteArtifacts.ParentOf(folder))
        {
            if (Decode(folder) is var read && read != folder)
            {
                return $"lists the folder '{SafeText.Of(folder)}' as '{SafeText.Of(read ?? "")}', "
                    + $"so the artifact path '{SafeText.Of(path)}' cannot be found";
            }
        }

        return null;
    }

    /// <summary>The same for a path that the server sees without a root, so that it may read its beginning as that of a URL.</summary>
    public static string? WhyChangedAlone(string path)
    {
        if (WhyChanged(path) is not null || !ReadsAsUrl(path))
            return WhyChanged(path);
        string scheme = path.Substring(0, Math.Max(0, path.IndexOf(':')));
        return path[0] <= ' ' || scheme == "file" || scheme.Any(char.IsUpper)
            ? $"reads the beginning of the artifact path '{SafeText.Of(path)}' as the beginning of a URL"
            : null;
    }

    /// <summary>Whether a path that the server sees without a root begins like a URL, so that its beginning could change too.</summary>
    public static bool ReadsAsUrl(string path) =>
        path.Length > 0 && (path[0] <= ' ' || (path.IndexOf(':') is var colon and > 0 && Uri.CheckSchemeName(path.Substring(0, colon))));

    /// <summary>Returns the path that the server stores; null if it gives up.</summary>
    public static string? Decode(string path)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            string parsed = Parse(Encoded.Replace(path, run => FromUtf8(run.Value)));
            if (parsed == path)
                return EscapeControls(path);
            path = parsed;
        }

        return null;
    }

    // The rest of a URL's syntax (scheme, host, leading spaces) can only be at its beginning, which is the artifact root.
    private static string Parse(string url)
    {
        url = url.Replace("\t", "").Replace("\r", "").Replace("\n", "");
        (url, string? fragment) = Cut(url, url.IndexOf('#'));
        (url, string? query) = Cut(url, url.IndexOf('?'));
        (url, string? parameters) = Cut(url, url.IndexOf(';', url.LastIndexOf('/') + 1));
        return url + Joined(';', parameters) + Joined('?', query) + Joined('#', fragment);
    }

    private static (string Before, string? After) Cut(string text, int index) =>
        index < 0 ? (text, null) : (text.Substring(0, index), text.Substring(index + 1));

    private static string Joined(char separator, string? part) => string.IsNullOrEmpty(part) ? "" : separator + part;

    // As Python decodes it: invalid UTF-8 becomes U+FFFD.
    private static string FromUtf8(string run) =>
        Encoding.UTF8.GetString([.. run.Split(['%'], StringSplitOptions.RemoveEmptyEntries).Select(hex => Convert.ToByte(hex, 16))]);

    // MLflow 3 stores other control characters escaped.
    private static string EscapeControls(string path) =>
        path.Any(IsControl) ? string.Concat(path.Select(c => IsControl(c) ? $"%{(int)c:x2}" : c.ToString())) : path;

    private static bool IsControl(char c) => c is < ' ' or '\x7F';
}
