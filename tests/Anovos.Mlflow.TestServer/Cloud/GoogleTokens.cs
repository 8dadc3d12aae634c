using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Google's token server for one service account, according to Google's documentation of OAuth 2.0 for server to server applications: it
/// exchanges an assertion signed with the account's key for an access token.
/// </summary>
internal sealed class GoogleTokens(string account, RSA key)
{
    private const string Scopes = "https://www.googleapis.com/auth/";
    private static readonly TimeSpan LongestAssertion = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, string> _tokens = new(StringComparer.Ordinal);

    /// <summary>Responds to a request for a token.</summary>
    public CloudResponse Issue(CloudRequest request)
    {
        var form = new FormReader(Encoding.UTF8.GetString(request.Body)).ReadForm();
        if (request.Method != "POST" || form.GetValueOrDefault("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer")
            return Refuse("unsupported_grant_type", "Invalid grant_type");
        string[] parts = form["assertion"].ToString().Split('.');
        byte[] signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        JsonElement header = Read(parts[0]), claims = Read(parts[1]);
        if (header.GetProperty("alg").GetString() != "RS256")
            return Refuse("invalid_grant", "Invalid JWT: unsupported algorithm");
        if (claims.GetProperty("iss").GetString() != account)
            return Refuse("invalid_grant", "Invalid grant: account not found");
        if (!key.VerifyData(signed, WebEncoders.Base64UrlDecode(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
            return Refuse("invalid_grant", "Invalid JWT Signature.");
        DateTimeOffset issued = Time(claims, "iat"), ends = Time(claims, "exp"), now = DateTimeOffset.UtcNow;
        if (now > ends || issued > now.AddMinutes(5) || ends - issued > LongestAssertion)
            return Refuse("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.");
        string scope = claims.TryGetProperty("scope", out JsonElement asked) ? asked.GetString()! : "";
        if (!scope.StartsWith(Scopes, StringComparison.Ordinal))
            return Refuse("invalid_scope", "Empty or missing scope not allowed.");
        return Grant(scope);
    }

    /// <summary>Responds as the metadata server of a Google machine with the account.</summary>
    public CloudResponse OnMetadataServer(CloudRequest request)
    {
        if (request.Header("Metadata-Flavor") != "Google")
            return CloudResponse.Empty(403);
        CloudResponse response = request.PathAfter(2) switch
        {
            "instance/service-accounts/default/token" => Grant(request.Field("scopes") ?? Scopes + "devstorage.read_only"),
            "universe/universe-domain" or "universe/universe_domain" => new CloudResponse(200, "googleapis.com"u8.ToArray()),
            "" => CloudResponse.Empty(200),
            _ => CloudResponse.Empty(404),
        };
        return response.With("Metadata-Flavor", "Google");
    }

    /// <summary>Checks the token of a request.</summary>
    /// <exception cref="CloudFault">There is no token, or it is unknown, or it does not allow writing.</exception>
    public void Verify(CloudRequest request, string permission)
    {
        if (request.Header("Authorization") is not { } header)
        {
            string message = $"Anonymous caller does not have {permission} access to the Google Cloud Storage object.";
            throw new CloudFault(401, "required", message);
        }

        if (!header.StartsWith("Bearer ", StringComparison.Ordinal) || !_tokens.TryGetValue(header["Bearer ".Length..], out string? scope))
            throw new CloudFault(401, "authError", "Invalid Credentials");
        bool reads = permission is "storage.objects.get" or "storage.objects.list";
        if (!reads && scope.Contains("read_only", StringComparison.Ordinal))
            throw new CloudFault(403, "insufficientPermissions", "Insufficient Permission");
    }

    /// <summary>Makes all tokens invalid, as if they had been revoked.</summary>
    public void Revoke() => _tokens.Clear();

    private CloudResponse Grant(string scope)
    {
        string token = $"ya29.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20))}";
        _tokens[token] = scope;
        return CloudResponse.Json(new { access_token = token, expires_in = 3599, token_type = "Bearer" });
    }

    private static JsonElement Read(string part) => JsonSerializer.Deserialize<JsonElement>(WebEncoders.Base64UrlDecode(part));

    private static DateTimeOffset Time(JsonElement claims, string name) =>
        DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty(name).GetInt64());

    private static CloudResponse Refuse(string error, string description) =>
        CloudResponse.Json(new { error, error_description = description }, 400);
}
