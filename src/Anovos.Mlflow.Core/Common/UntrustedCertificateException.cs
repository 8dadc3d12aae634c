using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Anovos.Mlflow;

/// <summary>The check of a server's certificate failed. A plain <see cref="AuthenticationException"/> has many other causes.</summary>
internal sealed class UntrustedCertificateException(SslPolicyErrors errors, X509Chain? chain)
    : AuthenticationException(Explain(errors, chain))
{
    private static string Explain(SslPolicyErrors errors, X509Chain? chain)
    {
        if ((errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0)
            return "the server sent no certificate.";
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            return "it was issued for another host name.";
        string[] problems = chain is null ? [] : [.. chain.ChainStatus.Select(status => status.Status.ToString()).Distinct()];
        return $"it does not chain to a trusted authority{(problems.Length == 0 ? "" : $" ({string.Join(", ", problems)})")}.";
    }
}
