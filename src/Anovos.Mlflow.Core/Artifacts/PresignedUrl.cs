namespace Anovos.Mlflow.Artifacts;

/// <summary>A URL that authorizes one request to a bucket by its own signature.</summary>
/// <param name="Url">The URL. It is a secret: everyone who has it can use it.</param>
/// <param name="Headers">The headers to send with it.</param>
internal sealed record PresignedUrl(string Url, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Validates a URL from a server.</summary>
    /// <exception cref="FormatException">It is not an http(s) URL.</exception>
    public static PresignedUrl Parse(string url, IReadOnlyDictionary<string, string> headers) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http"
            ? new(url, headers)
            : throw new FormatException("a presigned URL is not an http(s) URL");

    /// <summary>Returns a copy with an extended query and a subset of the headers.</summary>
    public PresignedUrl WithQuery(string query, Func<string, bool> keepsHeader) =>
        new($"{Url}{(Url.IndexOf('?') < 0 ? '?' : '&')}{query}", Headers.Where(header => keepsHeader(header.Key)).ToDictionary(header => header.Key, header => header.Value));

    /// <summary>Returns a copy with a header added or replaced.</summary>
    public PresignedUrl WithHeader(string name, string value) => this with { Headers = new Dictionary<string, string>(Headers.ToDictionary(header => header.Key, header => header.Value), StringComparer.OrdinalIgnoreCase) { [name] = value } };

    /// <summary>The scheme and host only, because the rest is secret.</summary>
    public override string ToString() => new Uri(Url).GetLeftPart(UriPartial.Authority);
}
