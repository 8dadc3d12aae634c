using System.Net;

namespace Anovos.Mlflow.Http;

/// <summary>
/// The proxy that <c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c> and <c>NO_PROXY</c> name. .NET reads them once a process and
/// .NET Framework not at all; a shell sets them at any time.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy, ICredentials
{
    private readonly Proxy? _http;
    private readonly Proxy? _https;
    private readonly string[] _direct;

    private EnvironmentProxy(ConnectionOptions options)
    {
        _http = Parse(options.HttpProxy, "HTTP_PROXY");
        _https = Parse(options.HttpsProxy, "HTTPS_PROXY");
        _direct = (options.NoProxy ?? "").Split([','], StringSplitOptions.RemoveEmptyEntries).Select(host => host.Trim()).ToArray();
    }

    /// <summary>The credentials of both proxies. .NET asks for them with the address of the proxy that wants them.</summary>
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException();
    }

    /// <summary>Null where the environment names no proxy: the system's own setting holds then.</summary>
    public static EnvironmentProxy? From(ConnectionOptions options) =>
        options.HttpProxy is null && options.HttpsProxy is null ? null : new EnvironmentProxy(options);

    /// <summary>The address, without credentials, of the proxy that requests to a server pass; null where they pass none.</summary>
    public static string? AddressFor(Uri server, ConnectionOptions options) =>
        Between(server, options)?.Address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    /// <summary>True if the proxy that requests to a server pass gets a user and password.</summary>
    public static bool HasCredentialsFor(Uri server, ConnectionOptions options) => Between(server, options)?.Credential is not null;

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? destination : For(destination)!.Address;

    /// <inheritdoc/>
    public NetworkCredential? GetCredential(Uri uri, string authType)
    {
        // Both may have the same address. .NET asks with the Uri that it got from here.
        Proxy?[] proxies = [_https, _http];
        Proxy? asking = proxies.FirstOrDefault(proxy => ReferenceEquals(proxy?.Address, uri)) ?? proxies.FirstOrDefault(proxy => proxy?.Address == uri);
        return asking?.Credential;
    }

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

    // .NET repeats the address of a proxy in its errors, so the credentials are kept apart.
    private static Proxy? Parse(string? value, string variable)
    {
        if (value is null)
            return null;
        (string address, string? user, string? password) = UriCredentials.Split(value.Trim(), hasPath: false);
        NetworkCredential? credential = user is null ? null : new(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password ?? ""));
        return Uri.TryCreate(address.Contains("://") ? address : "http://" + address, UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0
            ? new Proxy(uri, credential)
            : throw new MlflowException(ErrorKind.InvalidValue, $"{variable} is not a proxy address: expected http://host:port. Correct or unset it.") { Target = variable };
    }

    private static Proxy? Between(Uri server, ConnectionOptions options) =>
        From(options) is { } proxy && !proxy.IsBypassed(server) ? proxy.For(server) : null;

    private Proxy? For(Uri destination) => destination.Scheme == Uri.UriSchemeHttps ? _https : _http;

    private sealed class Proxy(Uri address, NetworkCredential? credential)
    {
        public Uri Address { get; } = address;

        public NetworkCredential? Credential { get; } = credential;
    }
}
