using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Http;

/// <summary>A URL that authorizes one request to a bucket by its own signature.</summary>
/// <param name="Url">The URL. It is a secret, because anyone who has it can use it.</param>
/// <param name="Headers">The headers to send with it.</param>
internal sealed record PresignedUrl(string Url, IReadOnlyDictionary<string, string> Headers)
{
    // In seconds, if the URL does not say. MLflow's shortest lifetime is 300 seconds.
    private const int DefaultLifetime = 300;

    private static readonly Regex Expires = new("[?&]X-(?:Amz|Goog)-Expires=(?<seconds>[0-9]{1,7})(?:&|$)", RegexOptions.CultureInvariant);

    private static readonly Regex S3Signature = new("[?&](?:X-Amz-Signature|AWSAccessKeyId)=", RegexOptions.CultureInvariant);

    private readonly Stopwatch _age = Stopwatch.StartNew();

    /// <summary>Validates a URL from a server.</summary>
    /// <exception cref="FormatException">It is not an http(s) URL.</exception>
    public static PresignedUrl Parse(string url, IReadOnlyDictionary<string, string> headers) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http"
            ? new(url, headers)
            : throw new FormatException("a presigned URL is not an http(s) URL");

    /// <summary>Reads a URL that an MLflow server presigned, and the headers to send with it.</summary>
    /// <param name="response">The server's response.</param>
    /// <param name="field">The field with the URL.</param>
    /// <param name="server">The server.</param>
    /// <exception cref="FormatException">There is no http(s) URL in it.</exception>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> for http from a server with TLS.</exception>
    public static PresignedUrl Read(JsonElement response, string field, Uri server)
    {
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        if (response.OptionalPart("headers") is { } named)
        {
            foreach (JsonProperty header in named.EnumerateObject())
                headers[header.Name] = header.Value.GetString() ?? "";
        }

        PresignedUrl signed = Parse(response.Id(field), headers);
        var bucket = new Uri(signed.Url);
        return bucket.Scheme == Uri.UriSchemeHttp && server.Scheme == Uri.UriSchemeHttps && !bucket.IsLoopback
            ? throw new MlflowException(
                ErrorKind.UriUnsupported,
                $"{server.GetLeftPart(UriPartial.Authority)} presigns URLs of {bucket.Authority} with http, so artifacts would cross "
                + "the network unencrypted. Set the S3 endpoint of the server to https.")
            { Target = signed.ToString() }
            : signed;
    }

    /// <summary>Whether it has an S3 signature, of either version, for S3 or an S3-compatible store.</summary>
    [JsonIgnore]
    public bool IsS3 => S3Signature.IsMatch(Url);

    /// <summary>The scheme, host and port.</summary>
    [JsonIgnore]
    public Uri Host => new(ToString());

    /// <summary>The URL without its query, which contains the signature.</summary>
    [JsonIgnore]
    public string Address => new Uri(Url).GetLeftPart(UriPartial.Path);

    /// <summary>Whether half of its lifetime has passed, so that a new URL should be requested.</summary>
    [JsonIgnore]
    public bool IsOld => _age.Elapsed.TotalSeconds > 0.5
        * (Expires.Match(Url) is { Success: true } match
            ? int.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture)
            : DefaultLifetime);

    /// <summary>Returns a redactor that also masks this URL, which a bucket or a proxy may repeat.</summary>
    public Redactor Redacted(Redactor session)
    {
        string query = new Uri(Url).Query.TrimStart('?');
        return session.With([Url, query, .. Secrets.PartsOf(query)]);
    }

    /// <summary>Returns a copy with an extended query and a subset of the headers.</summary>
    public PresignedUrl WithQuery(string query, Func<string, bool> keepsHeader) =>
        new($"{Url}{(Url.IndexOf('?') < 0 ? '?' : '&')}{query}", Headers.Where(
            header => keepsHeader(header.Key)).ToDictionary(header => header.Key, header => header.Value));

    /// <summary>Returns a copy with a header added or replaced.</summary>
    public PresignedUrl WithHeader(string name, string value) => this with
    {
        Headers = new Dictionary<string, string>(
        Headers.ToDictionary(header => header.Key, header => header.Value), StringComparer.OrdinalIgnoreCase)
        { [name] = value }
    };

    /// <summary>The scheme and host only, because the rest is secret.</summary>
    public override string ToString() => new Uri(Url).GetLeftPart(UriPartial.Authority);
}
