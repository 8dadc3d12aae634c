using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Http;

/// <summary>Loads and checks the certificates of a connection: trusted authorities from a file, and the client certificate.</summary>
internal static class ServerCertificates
{
    // The first byte of a DER certificate: a sequence.
    private const byte Sequence = 0x30;

    // The extended key usage of a server certificate, if it has any.
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Loads the certificates in a file: PEM, or one or more in DER.</summary>
    /// <param name="path">The file.</param>
    /// <param name="variable">The environment variable that names it.</param>
    public static X509Certificate2[] LoadAuthorities(string path, string variable)
    {
        byte[] content = Read(path, variable);
        try
        {
            X509Certificate2[] certificates = content is [Sequence, ..] ? FromDer(content) : FromPem(content);
            return certificates.Length > 0
                ? certificates
                : throw Unusable(path,
                    $"The certificate file {path} contains no certificate in PEM or DER format. Use the CA bundle of your server.");
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            throw Unusable(path, $"The certificate file {path} cannot be read: {e.Message} Export the CA bundle of your server again.", e);
        }
    }

    /// <summary>
    /// Whether the chain is valid and leads to one of the authorities. The authority may be an intermediate whose root is unavailable, as
    /// in curl and Python 3.13 (OpenSSL's X509_V_FLAG_PARTIAL_CHAIN).
    /// </summary>
    /// <param name="certificate">The server's certificate.</param>
    /// <param name="received">The chain built for it, which contains the other certificates that the server sent.</param>
    /// <param name="errors">The errors in that chain.</param>
    /// <param name="authorities">The authorities to trust.</param>
    public static bool IsTrusted(X509Certificate2 certificate, X509Chain? received, SslPolicyErrors errors, X509Certificate2[] authorities)
    {
        // No authority excuses a mismatch of the host name.
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;
#if NET
        // First try without downloading certificates: their addresses may be unreachable.
        if (LeadsToAuthority(certificate, received, authorities, downloads: false))
            return true;
#endif
        return LeadsToAuthority(certificate, received, authorities, downloads: true);
    }

    private static bool LeadsToAuthority(
        X509Certificate2 certificate, X509Chain? received, X509Certificate2[] authorities, bool downloads)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));

        // The server sends the intermediate certificates (RFC 8446, 4.4.2). That does not make them trusted.
        if (received is not null)
            chain.ChainPolicy.ExtraStore.AddRange(received.ChainPolicy.ExtraStore);
        chain.ChainPolicy.ExtraStore.AddRange(authorities);
#if NET
        chain.ChainPolicy.DisableCertificateDownloads = !downloads;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
#endif

        // Allow only an unknown root. Whether the chain is trusted is checked against the list below.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        if (!chain.Build(certificate))
            return false;
        foreach (X509ChainElement element in chain.ChainElements)
        {
            // OpenSSL does not check the validity period of the last certificate in a chain without a root.
            if (DateTime.Now < element.Certificate.NotBefore || DateTime.Now > element.Certificate.NotAfter)
                return false;
            if (authorities.Any(authority => authority.RawData.SequenceEqual(element.Certificate.RawData)))
                return true;
        }

        return false;
    }

    /// <summary>Loads the client certificate with its private key.</summary>
    public static X509Certificate2 LoadClientCertificate(string path)
    {
        byte[] content = Read(path, "MLFLOW_TRACKING_CLIENT_CERT_PATH");
        try
        {
            X509Certificate2 certificate = content is [Sequence, ..] ? new X509Certificate2(content) : ClientFromPem(path);
            return certificate.HasPrivateKey ? certificate : throw new CryptographicException("It has no private key.");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            string need = "The file must contain a certificate and its private key, without a password.";
            throw Unusable(path, $"The client certificate {path} cannot be used: {e.Message} {need}", e);
        }
    }

    private static X509Certificate2 ClientFromPem(string path)
    {
#if NET
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(path);

        // SChannel does not accept a key that exists only in memory.
        return OperatingSystem.IsWindows() ? new X509Certificate2(pem.Export(X509ContentType.Pfx)) : new X509Certificate2(pem);
#else
        string how = "convert it to a .pfx file, or use PowerShell 7.";
        throw Unusable(path, $"The client certificate {path} is PEM, which Windows PowerShell cannot read: {how}");
#endif
    }

    private static X509Certificate2[] FromDer(byte[] content)
    {
        var certificates = new X509Certificate2Collection();
        certificates.Import(content);
        return [.. certificates.Cast<X509Certificate2>()];
    }

    private static X509Certificate2[] FromPem(byte[] content)
    {
        using var reader = new StreamReader(new MemoryStream(content));
        return
        [
            .. Regex.Matches(reader.ReadToEnd(), "-----BEGIN CERTIFICATE-----(?<body>.*?)-----END CERTIFICATE-----",
                RegexOptions.Singleline)
                .Cast<Match>()
                .Select(match => new X509Certificate2(Convert.FromBase64String(match.Groups["body"].Value))),
        ];
    }

    private static byte[] Read(string path, string variable)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, $"The certificate file {path} ({variable}) cannot be read: {e.Message}", e);
        }
    }

    private static MlflowException Unusable(string path, string message, Exception? cause = null) =>
        new(ErrorKind.InvalidValue, message, cause) { Target = path };
}
