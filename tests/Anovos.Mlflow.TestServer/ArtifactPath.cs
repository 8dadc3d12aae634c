using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.TestServer;

/// <summary>The path of an artifact, as MLflow takes it from a request.</summary>
internal static partial class ArtifactPath
{
    private static readonly HashSet<string> SchemesWithParams =
        ["", "ftp", "hdl", "prospero", "http", "https", "shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms", "sftp", "tel"];

    /// <summary>Decodes until nothing changes, and rejects a path that could leave the root.</summary>
    public static string Clean(string path, MlflowVersion version)
    {
        path = Decode(path);
        if (version >= MlflowVersion.V3_11)
            path = ControlCharacter().Replace(path, match => $"%{(int)match.Value[0]:x2}");
        string slashed = path.Replace('\\', '/');
        bool hasDrive = slashed.Length > 1 && slashed[1] == ':' && char.IsAsciiLetter(slashed[0]);
        if (hasDrive || slashed.StartsWith('/') || slashed.Contains('#', StringComparison.Ordinal) || slashed.Split('/').Contains(".."))
            throw ApiException.Invalid("Invalid path");
        return string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));
    }

    // MLflow's _decode: urlunparse(urlparse(unquote(path))) until nothing changes.
    private static string Decode(string url)
    {
        for (int i = 0; i < 10; i++)
        {
            string parsed = Reassemble(Unquote(url));
            if (parsed == url)
                return url;
            url = parsed;
        }

        throw new ApiException("INTERNAL_ERROR", "Failed to decode url");
    }

    // Python's unquote: invalid UTF-8 becomes U+FFFD.
    private static string Unquote(string text) => Escapes().Replace(
        text,
        match => Encoding.UTF8.GetString(Convert.FromHexString(match.Value.Replace("%", "", StringComparison.Ordinal))));

    // Python's urlparse and urlunparse, for paths without a host.
    private static string Reassemble(string url)
    {
        url = UnsafeCharacter().Replace(LeadingControls().Replace(url, ""), "");
        string scheme = "", fragment = "", query = "", parameters = "";
        if (Scheme().Match(url) is { Success: true } match)
        {
            scheme = match.Groups[1].Value.ToLowerInvariant();
            url = url[match.Length..];
        }

        if (url.Split('#', 2) is [var beforeFragment, var afterFragment])
            (url, fragment) = (beforeFragment, afterFragment);
        if (url.Split('?', 2) is [var beforeQuery, var afterQuery])
            (url, query) = (beforeQuery, afterQuery);
        if (SchemesWithParams.Contains(scheme) && url.IndexOf(';', Math.Max(0, url.LastIndexOf('/'))) is var i and >= 0)
            (url, parameters) = (url[..i], url[(i + 1)..]);
        return (scheme.Length > 0 ? scheme + ":" : "") + url + (parameters.Length > 0 ? ";" + parameters : "")
            + (query.Length > 0 ? "?" + query : "") + (fragment.Length > 0 ? "#" + fragment : "");
    }

    [GeneratedRegex("(%[0-9a-fA-F]{2})+")]
    private static partial Regex Escapes();

    [GeneratedRegex("^([A-Za-z][A-Za-z0-9+.-]*):")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^[\x00-\x20]+")]
    private static partial Regex LeadingControls();

    [GeneratedRegex(@"[\t\r\n]")]
    private static partial Regex UnsafeCharacter();

    [GeneratedRegex(@"[\x00-\x1F\x7F]")]
    private static partial Regex ControlCharacter();
}
