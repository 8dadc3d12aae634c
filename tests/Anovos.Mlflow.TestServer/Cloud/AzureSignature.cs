using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Verifies the authorization of Azure's blob storage: Shared Key, and shared access signatures of an account, container or blob.
/// </summary>
internal sealed class AzureSignature(string account, string key)
{
    private static readonly string[] StandardHeaders =
    [
        "Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date", "If-Modified-Since", "If-Match",
        "If-None-Match", "If-Unmodified-Since", "Range",
    ];

    // The fields after the resource that the signature of a container or blob covers.
    private static readonly string[] OfResource =
        ["si", "sip", "spr", "sv", "sr", "snapshot", "ses", "rscc", "rscd", "rsce", "rscl", "rsct"];

    /// <param name="request">The request.</param>
    /// <param name="permissions">A shared access signature must have one of these permission letters.</param>
    /// <exception cref="CloudFault">The request is not authorized.</exception>
    public void Verify(CloudRequest request, string permissions)
    {
        if (request.Has("sig"))
            VerifyShared(request, permissions);
        else if (request.Header("Authorization") is not { } header)
            throw new CloudFault(401, "NoAuthenticationInformation", "Server failed to authenticate the request.");
        else if (header != $"SharedKey {account}:{Sign(KeyText(request))}")
            throw Refused();
    }

    private void VerifyShared(CloudRequest request, string permissions)
    {
        string Of(string name) => request.Field(name) ?? "";
        string text = request.Has("srt")
            ? $"{account}\n{Join("sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses")}\n"
            : $"{Join("sp", "st", "se")}\n{Resource()}\n{Join(OfResource)}";
        if (Of("sig") != Sign(text) || IsPast(Of("se")) || (request.Has("st") && !IsPast(Of("st"))))
            throw Refused();
        if (!permissions.Any(Of("sp").Contains))
            throw new CloudFault(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation.");

        string Join(params string[] names) => string.Join('\n', names.Select(Of));
        string Resource() => $"/blob/{account}/{request.Segment(1)}{(Of("sr") == "b" ? "/" + request.PathAfter(2) : "")}";
    }

    private string KeyText(CloudRequest request)
    {
        var text = new StringBuilder(request.Method).Append('\n');
        foreach (string name in StandardHeaders)
            text.Append(name == "Content-Length" && request.Header(name) == "0" ? "" : request.Header(name)).Append('\n');
        IEnumerable<string> names = request.HeaderNames.Where(name => name.StartsWith("x-ms-", StringComparison.Ordinal));
        foreach (string name in names.Order(StringComparer.Ordinal))
            text.Append(name).Append(':').Append(request.Header(name)).Append('\n');
        text.Append('/').Append(account).Append(request.RawPath);
        foreach ((string name, string value) in request.Query.OrderBy(field => field.Name, StringComparer.Ordinal))
            text.Append('\n').Append(name.ToLowerInvariant()).Append(':').Append(value);
        return text.ToString();
    }

    private string Sign(string text) =>
        Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(key), Encoding.UTF8.GetBytes(text)));

    private static bool IsPast(string time) =>
        DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) <= DateTimeOffset.UtcNow;

    private static CloudFault Refused() => new(403, "AuthenticationFailed", "Server failed to authenticate the request.");
}
