namespace Anovos.Mlflow.Artifacts;

/// <summary>An address of a bucket that carries its permission with it.</summary>
/// <param name="Url">The address; whoever has it may use it.</param>
/// <param name="Headers">What is to be sent with it.</param>
internal sealed record PresignedUrl(string Url, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>An address that a server gave.</summary>
    /// <exception cref="FormatException">It is no http(s) address.</exception>
    public static PresignedUrl Of(string url, IReadOnlyDictionary<string, string> headers) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http" ? new(url, headers) : throw new FormatException("a signed address is none");

    /// <summary>The address with something more in its query, and only some of the headers.</summary>
    public PresignedUrl With(string query, Func<string, bool> keepsHeader) =>
        new($"{Url}{(Url.IndexOf('?') < 0 ? '?' : '&')}{query}", Headers.Where(header => keepsHeader(header.Key)).ToDictionary(header => header.Key, header => header.Value));

    /// <summary>The address with one header more, or another value of it.</summary>
    public PresignedUrl WithHeader(string name, string value) => this with { Headers = new Dictionary<string, string>(Headers.ToDictionary(header => header.Key, header => header.Value), StringComparer.OrdinalIgnoreCase) { [name] = value } };

    /// <summary>The host and nothing of the permission.</summary>
    public override string ToString() => new Uri(Url).GetLeftPart(UriPartial.Authority);
}
