using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Anovos.Mlflow.TestServer;

/// <summary>Creates self-signed certificates in memory.</summary>
internal static class Certificates
{
    public static X509Certificate2 Create(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));

        // Windows' TLS does not accept a key that was never in a store or a file.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
    }

    /// <summary>Creates a root, an authority below it, and a server's certificate from that authority with its key.</summary>
    public static (X509Certificate2 Root, X509Certificate2 Authority, X509Certificate2 Server) CreateChain()
    {
        using X509Certificate2 root = Sign("Test root", issuer: null), authority = Sign("Test authority", root),
            server = Sign("mlflow test server", authority);
        return (
            X509CertificateLoader.LoadCertificate(root.Export(X509ContentType.Cert)),
            X509CertificateLoader.LoadCertificate(authority.Export(X509ContentType.Cert)),
            X509CertificateLoader.LoadPkcs12(server.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable));
    }

    private static X509Certificate2 Sign(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        bool isAuthority = name.StartsWith("Test", StringComparison.Ordinal);
        var request = new CertificateRequest($"CN={name} {Convert.ToHexString(RandomNumberGenerator.GetBytes(4))}", key,
            HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        if (!isAuthority)
            request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        if (issuer is null)
            return request.CreateSelfSigned(from, to);
        using X509Certificate2 signed = request.Create(issuer, from, to > issuer.NotAfter ? issuer.NotAfter : to,
            RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    /// <summary>Returns the certificate and its key as PEM, as <c>MLFLOW_TRACKING_CLIENT_CERT_PATH</c> requires them in one file.</summary>
    public static string WithKey(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
