using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// A bare Kestrel on a free port of 127.0.0.1, without logging and configuration, and without limits that a test would reach.
/// </summary>
internal static class KestrelHost
{
    public static WebApplication Build(X509Certificate2? certificate, X509Certificate2? clientCertificate,
        X509Certificate2? authority = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, certificate, authority, clientCertificate));
        if (certificate != null)
            builder.WebHost.UseKestrelHttpsConfiguration();

        // With Nagle's algorithm, a small response is delayed by 40 ms.
        builder.Services.Configure<SocketTransportOptions>(socket => socket.NoDelay = true);
        return builder.Build();
    }

    private static void Configure(KestrelServerOptions kestrel, X509Certificate2? certificate, X509Certificate2? authority,
        X509Certificate2? clientCertificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (certificate != null)
                listen.UseHttps(https => Configure(https, certificate, authority, clientCertificate));
        });
    }

    private static void Configure(HttpsConnectionAdapterOptions https, X509Certificate2 certificate, X509Certificate2? authority,
        X509Certificate2? clientCertificate)
    {
        https.ServerCertificate = certificate;
        if (authority != null)
            https.ServerCertificateChain = [authority];
        if (clientCertificate == null)
            return;
        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = (offered, _, _) => offered.Thumbprint == clientCertificate.Thumbprint;
    }
}
