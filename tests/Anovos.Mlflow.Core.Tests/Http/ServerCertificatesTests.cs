using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests which certificate chains lead to an authority in the file.</summary>
public sealed class ServerCertificatesTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private X509Certificate2? _root;

    // Created on first use: Mono cannot create certificates, and its tests are skipped before.
    private X509Certificate2 Root => _root ??= Sign("Root", null);

    [Theory]
    [InlineData("root")]
    [InlineData("upper")]
    [InlineData("lower")]
    [InlineData("server")]
    [InlineData("stranger,lower")]
    public void Each_certificate_of_the_chain_is_an_authority(string file)
    {
        Dictionary<string, X509Certificate2> chain = Chain();
        Assert.True(IsTrusted(chain, file));
    }

    [Fact]
    public void A_certificate_that_is_no_part_of_the_chain_is_not()
    {
        Dictionary<string, X509Certificate2> chain = Chain();
        Assert.False(IsTrusted(chain, "stranger"));
        Assert.False(IsTrusted(chain, "root", received: []));
    }

    [Theory]
    [InlineData(SslPolicyErrors.RemoteCertificateNameMismatch)]
    [InlineData(SslPolicyErrors.RemoteCertificateNotAvailable)]
    [InlineData(SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateChainErrors)]
    public void No_authority_excuses_another_name(SslPolicyErrors errors)
    {
        Dictionary<string, X509Certificate2> chain = Chain();
        Assert.All(new[] { "root", "lower", "server" }, file => Assert.False(IsTrusted(chain, file, errors: errors)));
    }

    [Theory]
    [InlineData("server", -1)]
    [InlineData("server", 1)]
    [InlineData("lower", -1)]
    public void No_authority_excuses_a_time_that_is_over_or_has_not_begun(string which, int years)
    {
        X509Certificate2 lower = Sign("Lower", Root, years: which == "lower" ? years : 0);
        X509Certificate2 server = Sign("server", lower, isAuthority: false, years: which == "server" ? years : 0);
        var chain = new Dictionary<string, X509Certificate2> { ["root"] = Root, ["lower"] = lower, ["server"] = server };
        foreach (string[] received in new[] { [], new[] { "lower" } })
        {
            Assert.False(IsTrusted(chain, "root", received));
            Assert.False(IsTrusted(chain, "lower", received));
            Assert.False(IsTrusted(chain, "root,lower", received));

            // Certificates above one in the file do not matter.
            if (which == "server")
                Assert.False(IsTrusted(chain, "server", received));
        }
    }

    [Fact]
    public void The_name_of_an_authority_is_not_its_signature()
    {
        X509Certificate2 lower = Sign("Lower", Root), forged = Sign("Lower", Root);
        var chain = new Dictionary<string, X509Certificate2> { ["lower"] = lower, ["server"] = Sign("server", forged, isAuthority: false) };
        Assert.False(IsTrusted(chain, "lower"));
    }

    [Fact]
    public void A_certificate_that_is_no_authority_signs_none()
    {
        X509Certificate2 lower = Sign("Lower", Root), site = Sign("site", lower, isAuthority: false);
        var chain = new Dictionary<string, X509Certificate2>
        {
            ["lower"] = lower,
            ["site"] = site,
            ["server"] = Sign("server", site, isAuthority: false),
        };
        Assert.False(IsTrusted(chain, "lower", received: ["site", "lower"]));
    }

    [Fact]
    public void A_certificate_for_clients_is_no_servers()
    {
        X509Certificate2 lower = Sign("Lower", Root);
        foreach ((string usage, bool expected) in new[] { ("1.3.6.1.5.5.7.3.2", false), ("1.3.6.1.5.5.7.3.1", true) })
        {
            var chain = new Dictionary<string, X509Certificate2>
            {
                ["lower"] = lower,
                ["server"] = Sign("server", lower, isAuthority: false, usage: usage),
            };
            Assert.Equal(expected, IsTrusted(chain, "lower"));
        }
    }

    private Dictionary<string, X509Certificate2> Chain()
    {
        X509Certificate2 upper = Sign("Upper", Root), lower = Sign("Lower", upper);
        return new()
        {
            ["root"] = Root,
            ["upper"] = upper,
            ["lower"] = lower,
            ["server"] = Sign("server", lower, isAuthority: false),
            ["stranger"] = Sign("Stranger", null),
        };
    }

    // The server sends the intermediate certificates, as it should, unless a test disables it.
    private static bool IsTrusted(
        Dictionary<string, X509Certificate2> chain,
        string file,
        string[]? received = null,
        SslPolicyErrors errors = SslPolicyErrors.RemoteCertificateChainErrors)
    {
        using var sent = new X509Chain();
        foreach (string name in received ?? ["upper", "lower"])
        {
            if (chain.TryGetValue(name, out X509Certificate2? certificate))
                sent.ChainPolicy.ExtraStore.Add(certificate);
        }

        return ServerCertificates.IsTrusted(chain["server"], sent, errors, [.. file.Split(',').Select(name => chain[name])]);
    }

    private static X509Certificate2 Sign(
        string name, X509Certificate2? issuer, bool isAuthority = true, int years = 0, string? usage = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        if (usage is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        DateTimeOffset from = Now.AddDays(-30).AddYears(years), to = Now.AddDays(30).AddYears(years);
        if (issuer is null)
            return request.CreateSelfSigned(Now.AddYears(-5), Now.AddYears(5));
        using ECDsa signing = issuer.GetECDsaPrivateKey()!;
        using X509Certificate2 signed = request.Create(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(signing), from, to, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
