using System.Net;
using System.Net.Http.Headers;
#if NET
using System.Net.Security;
#else
using System.Security.Authentication;
#endif
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Anovos.Mlflow.Http;

/// <summary>Creates the <see cref="HttpClient"/>s of a store, with TLS, proxy, credentials, redirects and connection limits.</summary>
internal static class HttpTransport
{
    /// <summary>At least the maximum number of parallel transfers; .NET Framework's default of two would serialize them.</summary>
    public const int ConnectionsPerServer = AdaptiveConcurrency.MaximumLimit;

    public static string UserAgent { get; } = $"Anovos.Mlflow/{typeof(HttpTransport).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>Creates the connections of a store, which its clients share.</summary>
    public static HttpMessageHandler CreateHandler(ConnectionOptions options) =>
        new SameHostRedirectHandler(options.FollowRedirects) { InnerHandler = ForHosts(CreatePrimaryHandler(options)) };

    /// <summary>Creates connections that return redirects instead of following them.</summary>
    public static HttpMessageHandler CreateDirectHandler(ConnectionOptions options) => ForHosts(CreatePrimaryHandler(options));

    /// <summary>Creates the connections of a store, with authentication of each request to <paramref name="server"/>.</summary>
    public static HttpMessageHandler CreateHandler(ConnectionOptions options, Uri server) =>
        options.Identity is null ? CreateHandler(options) : new AuthenticationHandler(server, options.Identity) { InnerHandler = CreateHandler(options) };

    /// <summary>Creates a client that sends the credentials of the options.</summary>
    public static HttpClient CreateClient(HttpMessageHandler handler, ConnectionOptions options)
    {
        var client = new HttpClient(handler)
        {
            // A file may take hours. Every JSON request has its own timeout.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.Authorization = options.Identity is not null ? null : options.Authentication switch
        {
            "Basic" => new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.Username}:{options.Password}"))),
            "Bearer" => new AuthenticationHeaderValue("Bearer", options.Token),
            _ => null,
        };
        client.DefaultRequestHeaders.UserAgent.ParseAdd(UserAgent);
        if (options.Workspace is not null)
            client.DefaultRequestHeaders.Add("X-MLFLOW-WORKSPACE", options.Workspace);
        return client;
    }

    /// <summary>Creates a client for a cloud SDK, which has its own credentials and needs the bytes as they are stored.</summary>
    public static HttpClient CreateCloudClient(ConnectionOptions options) =>
        new(CreateCloudHandler(options)) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Creates the connections of <see cref="CreateCloudClient"/>.</summary>
    public static HttpMessageHandler CreateCloudHandler(ConnectionOptions options)
    {
        var handler = CreatePrimaryHandler(options);
        handler.AutomaticDecompression = DecompressionMethods.None;
        return ForHosts(handler);
    }

#if NET
    private static SocketsHttpHandler ForHosts(SocketsHttpHandler handler) => handler;

    private static SocketsHttpHandler CreatePrimaryHandler(ConnectionOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            ConnectTimeout = options.RequestTimeout,
            MaxConnectionsPerServer = ConnectionsPerServer,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
        };
        if (OperatingSystem.IsLinux())
            handler.ConnectCallback = PromptStream.ConnectAsync;
        if (EnvironmentProxy.From(options) is { } proxy)
            handler.Proxy = proxy;
        else if (OperatingSystem.IsLinux())
            handler.UseProxy = false; // .NET would use the variables it read at startup, with the passwords in the addresses.
        if (options.ClientCertificatePath is not null)
            handler.SslOptions.ClientCertificates = [ServerCertificates.LoadClientCertificate(options.ClientCertificatePath)];
        if (options.InsecureTls)
        {
            // The user requested this explicitly, with MLflow's own variable.
#pragma warning disable CA5359
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (options.ServerCertificatePath is not null)
        {
            X509Certificate2[] authorities = ServerCertificates.LoadAuthorities(
                options.ServerCertificatePath, options.ServerCertificateVariable);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                certificate is X509Certificate2 server && ServerCertificates.IsTrusted(server, chain, errors, authorities)
                    ? true
                    : throw new UntrustedCertificateException(errors, chain);
        }
        else
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, chain, errors) =>
                errors == SslPolicyErrors.None ? true : throw new UntrustedCertificateException(errors, chain);
        }

        return handler;
    }
#else
    private static ServicePointHandler ForHosts(HttpClientHandler handler) => new(handler);

    private static HttpClientHandler CreatePrimaryHandler(ConnectionOptions options)
    {
        var handler = new HttpClientHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            MaxConnectionsPerServer = ConnectionsPerServer,
            UseCookies = false,
        };

        // Windows PowerShell 5.1 may still offer TLS 1.0 first. This handler does not, and leaves the process-wide setting unchanged.
        handler.SslProtocols = SslProtocols.Tls12;
        if (EnvironmentProxy.From(options) is { } proxy)
            handler.Proxy = proxy;
        if (options.ClientCertificatePath is not null)
            handler.ClientCertificates.Add(ServerCertificates.LoadClientCertificate(options.ClientCertificatePath));
        if (options.InsecureTls)
        {
#pragma warning disable CA5359
            handler.ServerCertificateCustomValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (options.ServerCertificatePath is not null)
        {
            X509Certificate2[] authorities = ServerCertificates.LoadAuthorities(
                options.ServerCertificatePath, options.ServerCertificateVariable);

            // Do not throw here: HttpWebRequest reports a rejected certificate with its own status.
            handler.ServerCertificateCustomValidationCallback = (_, certificate, chain, errors) =>
                certificate is not null && ServerCertificates.IsTrusted(certificate, chain, errors, authorities);
        }

        return handler;
    }
#endif
}
