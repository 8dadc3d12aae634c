using System.Security.Cryptography;

namespace Anovos.Mlflow.TestServer;

/// <summary>Issues tokens, and recognizes them.</summary>
internal sealed class TokenIssuer(WorkspaceOptions options)
{
    private readonly Dictionary<string, (string Audience, DateTimeOffset End)> _tokens = new(StringComparer.Ordinal);

    /// <summary>All tokens issued so far.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_tokens)
                return [.. _tokens.Keys];
        }
    }

    public string Issue(string audience)
    {
        string token = $"issued-{Convert.ToHexString(RandomNumberGenerator.GetBytes(16))}";
        lock (_tokens)
            _tokens[token] = (audience, DateTimeOffset.UtcNow + options.TokenLifetime);
        return token;
    }

    public bool Holds(string token, string audience)
    {
        lock (_tokens)
            return _tokens.TryGetValue(token, out var issued) && issued.Audience == audience && issued.End > DateTimeOffset.UtcNow;
    }

    public void ExpireAll()
    {
        lock (_tokens)
        {
            foreach (string token in _tokens.Keys.ToArray())
                _tokens[token] = (_tokens[token].Audience, DateTimeOffset.MinValue);
        }
    }
}
