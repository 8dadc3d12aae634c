using System.Net;

namespace Anovos.Mlflow.Http;

/// <summary>
/// The proxy that <c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c> and <c>NO_PROXY</c> name. .NET reads these variables only once
/// per process, and .NET Framework never; a shell can set them at any time.
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

    /// <summary>The credentials of both proxies. .NET requests them with the address of the proxy.</summary>
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException();
    }

    /// <summary>Returns null if the environment names no proxy. The system's proxy setting then applies.</summary>
    public static EnvironmentProxy? From(ConnectionOptions options) =>
        options.HttpProxy is null && options.HttpsProxy is null ? null : new EnvironmentProxy(options);

    /// <summary>Returns the address, without credentials, of the proxy for requests to a server; null if there is none.</summary>
    public static string? AddressFor(Uri server, ConnectionOptions options) =>
        Between(server, options)?.Address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    /// <summary>True if there is a user and password for the proxy for requests to a server.</summary>
    public static bool HasCredentialsFor(Uri server, ConnectionOptions options) => Between(server, options)?.Credential is not null;

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? destination : For(destination)!.Address;

    /// <inheritdoc/>
    public NetworkCredential? GetCredential(Uri uri, string authType)
    {
        // Both proxies may have the same address. .NET passes the Uri instance that it received from GetProxy.
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

    // .NET repeats the proxy address in its errors, so the credentials are kept separately.
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
