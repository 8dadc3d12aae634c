using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Http;

/// <summary>The certificates of a connection: the authorities that a PEM file trusts, and the one that the client shows.</summary>
internal static class ServerCertificates
{
    /// <summary>The certificates of a PEM file.</summary>
    public static X509Certificate2[] LoadAuthorities(string path)
    {
        string pem = Read(path, "MLFLOW_TRACKING_SERVER_CERT_PATH");
        X509Certificate2[] certificates = Regex.Matches(pem, "-----BEGIN CERTIFICATE-----(?<body>[A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----")
            .Cast<Match>()
            .Select(match => new X509Certificate2(Convert.FromBase64String(match.Groups["body"].Value)))
            .ToArray();
        return certificates.Length > 0
            ? certificates
            : throw new MlflowException(ErrorKind.InvalidValue, $"The certificate file {path} holds no PEM certificate (-----BEGIN CERTIFICATE-----). Point it at the CA bundle of your server.") { Target = path };
    }

    /// <summary>Whether the chain ends at one of the authorities and nothing else is wrong with it.</summary>
    public static bool IsTrusted(X509Certificate2 certificate, SslPolicyErrors errors, X509Certificate2[] authorities)
    {
        // A name that does not match is not excused by any authority.
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
#if NET
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        return chain.Build(certificate);
#else
        // .NET Framework trusts the system's roots only: any root is let through, and then looked up in the list.
        chain.ChainPolicy.ExtraStore.AddRange(authorities);
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        if (!chain.Build(certificate))
            return false;
        byte[] root = chain.ChainElements[chain.ChainElements.Count - 1].Certificate.RawData;
        return authorities.Any(authority => authority.RawData.SequenceEqual(root));
#endif
    }

    /// <summary>The certificate with its private key that the client shows.</summary>
    public static X509Certificate2 LoadClientCertificate(string path)
    {
        try
        {
            if (path.EndsWith(".pfx", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".p12", StringComparison.OrdinalIgnoreCase))
                return new X509Certificate2(path);
#if NET
            using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(path);
            // SChannel does not take a key that lives in memory only.
            return OperatingSystem.IsWindows() ? new X509Certificate2(pem.Export(X509ContentType.Pfx)) : new X509Certificate2(pem);
#else
            throw new MlflowException(ErrorKind.InvalidValue, $"The client certificate {path} is PEM, which Windows PowerShell cannot read: convert it to a .pfx file, or use PowerShell 7.") { Target = path };
#endif
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.InvalidValue, $"The client certificate {path} cannot be read: {e.Message} It must hold a certificate and its private key without a password.", e) { Target = path };
        }
    }

    private static string Read(string path, string variable)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.InvalidValue, $"The certificate file {path} ({variable}) cannot be read: {e.Message}", e) { Target = path };
        }
    }
}
