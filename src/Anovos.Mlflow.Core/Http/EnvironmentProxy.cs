using System.Net;

namespace Anovos.Mlflow.Http;

/// <summary>
/// The proxy that <c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c> and <c>NO_PROXY</c> name. .NET reads them once a process and
/// .NET Framework not at all; a shell sets them at any time.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy
{
    private readonly Uri? _http;
    private readonly Uri? _https;
    private readonly string[] _direct;

    private EnvironmentProxy(ConnectionOptions options)
    {
        _http = Parse(options.HttpProxy, "HTTP_PROXY");
        _https = Parse(options.HttpsProxy, "HTTPS_PROXY");
        _direct = (options.NoProxy ?? "").Split([','], StringSplitOptions.RemoveEmptyEntries).Select(host => host.Trim()).ToArray();
        string userInfo = (_https ?? _http)?.UserInfo ?? "";
        int colon = userInfo.IndexOf(':');
        if (colon > 0)
            Credentials = new NetworkCredential(Uri.UnescapeDataString(userInfo.Substring(0, colon)), Uri.UnescapeDataString(userInfo.Substring(colon + 1)));
    }

    public ICredentials? Credentials { get; set; }

    /// <summary>Null where the environment names no proxy: the system's own setting holds then.</summary>
    public static EnvironmentProxy? From(ConnectionOptions options) =>
        options.HttpProxy is null && options.HttpsProxy is null ? null : new EnvironmentProxy(options);

    /// <summary>The address, without credentials, of the proxy that requests to a server pass; null where they pass none.</summary>
    public static string? AddressFor(Uri server, ConnectionOptions options) =>
        From(options) is { } proxy && !proxy.IsBypassed(server) ? proxy.For(server)!.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) : null;

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? destination : For(destination);

    public bool IsBypassed(Uri host) => For(host) is null || _direct.Any(pattern => Matches(pattern, host));

    private static bool Matches(string pattern, Uri uri)
    {
        if (pattern == "*")
            return true;
        int port = pattern.LastIndexOf(':');
        if (port > 0 && pattern.IndexOf(':') == port)
        {
            if (pattern.Substring(port + 1) != uri.Port.ToString(System.Globalization.CultureInfo.InvariantCulture))
                return false;
            pattern = pattern.Substring(0, port);
        }

        string domain = pattern.TrimStart('*').TrimStart('.');
        return uri.DnsSafeHost.Equals(domain, StringComparison.OrdinalIgnoreCase)
            || uri.DnsSafeHost.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase);
    }

    private static Uri? Parse(string? value, string variable)
    {
        if (value is null)
            return null;
        string text = value.Contains("://") ? value : "http://" + value;
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            ? uri
            : throw new MlflowException(ErrorKind.InvalidValue, $"{variable} is no proxy address: expected http://host:port. Correct or unset it.") { Target = variable };
    }

    private Uri? For(Uri destination) => destination.Scheme == Uri.UriSchemeHttps ? _https : _http;
}
