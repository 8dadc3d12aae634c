using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Anovos.Mlflow.TestServer;

/// <summary>Verifies AWS Signature Version 4, in the header <c>Authorization</c> or in the query of a presigned URL.</summary>
/// <param name="accessKeyId">The id of the key.</param>
/// <param name="secretAccessKey">The key.</param>
/// <param name="sessionToken">The session token that the request must have; null if the key does not need one.</param>
internal sealed class SignatureV4(string accessKeyId, string secretAccessKey, string? sessionToken = null)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string Unsigned = "UNSIGNED-PAYLOAD";
    private static readonly TimeSpan AllowedSkew = TimeSpan.FromMinutes(15);

    /// <exception cref="CloudFault">The signature is missing, wrong or expired, or the body is not the signed one.</exception>
    public void Verify(CloudRequest request)
    {
        bool presigned = request.Has("X-Amz-Algorithm");
        if (presigned && request.Header("Authorization") is not null)
            throw new CloudFault(400, "InvalidArgument", "Only one auth mechanism allowed");
        Dictionary<string, string> fields = presigned
            ? request.Query.ToDictionary(field => field.Name.Replace("X-Amz-", ""), field => field.Value)
            : ReadHeader(request);
        string[] scope = fields["Credential"].Split('/'), signed = fields["SignedHeaders"].Split(';');
        if (scope[0] != accessKeyId)
            throw new CloudFault(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");

        if (sessionToken is not null && request.Header("x-amz-security-token") != sessionToken)
            throw new CloudFault(403, "InvalidToken", "The provided token is malformed or otherwise invalid.");

        string date = presigned ? fields["Date"] : request.Header("x-amz-date")!;
        CheckTime(date, presigned ? int.Parse(fields["Expires"], CultureInfo.InvariantCulture) : null);
        IEnumerable<string> amazon = request.HeaderNames.Where(name => name.StartsWith("x-amz-", StringComparison.Ordinal));
        if (amazon.Append("host").Except(signed).Any())
            throw new CloudFault(403, "AccessDenied", "There were headers present in the request which were not signed");

        string payload = presigned ? Unsigned : request.Header("x-amz-content-sha256")!;
        if (payload.StartsWith("STREAMING", StringComparison.Ordinal))
            throw new CloudFault(501, "NotImplemented", $"{payload} is not implemented.");
        if (payload != Unsigned && payload != Hex(SHA256.HashData(request.Body)))
            throw new CloudFault(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.");

        if (fields["Signature"] != Sign(Canonical(request, signed, payload), date, scope[1..]))
            throw new CloudFault(403, "SignatureDoesNotMatch", "The request signature we calculated does not match yours.");
    }

    /// <summary>Returns the target of a presigned URL, as boto3 creates it.</summary>
    /// <param name="method">The method that the URL is for.</param>
    /// <param name="target">The escaped path, optionally with a query, which is signed too.</param>
    /// <param name="headers">The headers that the request must have, including the host.</param>
    /// <param name="time">The time of signing.</param>
    /// <param name="lifetime">The time until it expires, in seconds.</param>
    public string Presign(
        string method, string target, IReadOnlyDictionary<string, string> headers, DateTimeOffset time, long lifetime)
    {
        string date = time.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string[] scope = [date[..8], "us-east-1", "s3", "aws4_request"];
        string[] signed = [.. headers.Keys.Select(name => name.ToLowerInvariant()).Order(StringComparer.Ordinal)];
        target += $"{(target.Contains('?', StringComparison.Ordinal) ? '&' : '?')}X-Amz-Algorithm={Algorithm}"
            + $"&X-Amz-Credential={Uri.EscapeDataString($"{accessKeyId}/{string.Join('/', scope)}")}&X-Amz-Date={date}"
            + $"&X-Amz-Expires={lifetime}&X-Amz-SignedHeaders={Uri.EscapeDataString(string.Join(';', signed))}";
        string signature = Sign(Canonical(CloudRequest.Of(method, target, headers), signed, Unsigned), date, scope);
        return $"{target}&X-Amz-Signature={signature}";
    }

    private string Sign(string canonical, string date, string[] scope)
    {
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secretAccessKey);
        foreach (string part in scope)
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        string hash = Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        string text = $"{Algorithm}\n{date}\n{string.Join('/', scope)}\n{hash}";
        return Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
    }

    private static Dictionary<string, string> ReadHeader(CloudRequest request)
    {
        string? header = request.Header("Authorization");
        if (header?.StartsWith(Algorithm, StringComparison.Ordinal) != true)
            throw new CloudFault(403, "AccessDenied", "Access Denied");
        IEnumerable<string[]> fields = header[Algorithm.Length..].Split(',').Select(field => field.Trim().Split('=', 2));
        return fields.ToDictionary(field => field[0], field => field[1]);
    }

    private static void CheckTime(string date, int? lifetime)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var sent = DateTimeOffset.ParseExact(date, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        if (lifetime is { } seconds && sent.AddSeconds(seconds) < now)
            throw new CloudFault(403, "AccessDenied", "Request has expired");
        if (lifetime is null && (now - sent).Duration() > AllowedSkew)
            throw new CloudFault(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.");
    }

    private static string Canonical(CloudRequest request, string[] signed, string payload)
    {
        var text = new StringBuilder();
        text.Append(request.Method).Append('\n');
        IEnumerable<string> segments = request.RawPath.Split('/').Select(Uri.UnescapeDataString);
        text.AppendJoin('/', segments.Select(Uri.EscapeDataString)).Append('\n');
        text.AppendJoin('&', request.Query.Where(field => field.Name != "X-Amz-Signature")
            .Select(field => (Name: Uri.EscapeDataString(field.Name), Value: Uri.EscapeDataString(field.Value)))
            .OrderBy(field => field.Name, StringComparer.Ordinal).ThenBy(field => field.Value, StringComparer.Ordinal)
            .Select(field => $"{field.Name}={field.Value}")).Append('\n');
        foreach (string name in signed)
            text.Append(name).Append(':').Append(request.Header(name)?.Trim()).Append('\n');
        return text.Append('\n').AppendJoin(';', signed).Append('\n').Append(payload).ToString();
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
