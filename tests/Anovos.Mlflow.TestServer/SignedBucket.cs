using System.Globalization;
using System.Xml.Linq;

namespace Anovos.Mlflow.TestServer;

/// <summary>The bucket of a server. The server lists it and signs URLs for it with its own credentials.</summary>
internal sealed class SignedBucket(Uri address) : IDisposable
{
    private const string Bucket = "artifacts";

    private readonly SignatureV4 _signature = new(CloudStores.S3Key, CloudStores.S3Key);
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    });
    private int _expired;

    /// <summary>Signs the next <paramref name="count"/> URLs with yesterday's date.</summary>
    public void ExpireNext(int count) => Interlocked.Add(ref _expired, count);

    /// <summary>Returns the URL of an object and the headers that it requires.</summary>
    public string Sign(string method, string key, long lifetime, string query = "", string? contentType = null)
    {
        Dictionary<string, string> headers = new() { ["host"] = address.Authority };
        if (contentType is not null)
            headers["content-type"] = contentType;
        DateTimeOffset time = Interlocked.Decrement(ref _expired) >= 0 ? DateTimeOffset.UtcNow.AddDays(-1) : DateTimeOffset.UtcNow;
        if (_expired < 0)
            Interlocked.Exchange(ref _expired, 0);
        return address.GetLeftPart(UriPartial.Authority) + _signature.Presign(method, PathOf(key) + query, headers, time, lifetime);
    }

    /// <summary>Returns the length of an object; null if it does not exist.</summary>
    public long? LengthOf(string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, Own("HEAD", PathOf(key)));
        using HttpResponseMessage response = _http.Send(request);
        return response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : null;
    }

    /// <summary>Lists the direct content of a folder. A length of null means a folder.</summary>
    public IReadOnlyList<(string Name, long? Length)> List(string folder)
    {
        string prefix = folder + "/";
        string target = $"/{Bucket}?delimiter=%2F&list-type=2&prefix={Uri.EscapeDataString(prefix)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, Own("GET", target));
        using HttpResponseMessage response = _http.Send(request);
        XElement page = XElement.Load(response.EnsureSuccessStatusCode().Content.ReadAsStream());
        string Child(XElement element, string name) => element.Elements().Single(child => child.Name.LocalName == name).Value;
        IEnumerable<XElement> Named(string name) => page.Elements().Where(child => child.Name.LocalName == name);
        long? SizeOf(XElement entry) => long.Parse(Child(entry, "Size"), CultureInfo.InvariantCulture);
        return [.. Named("CommonPrefixes")
            .Select(entry => (Name: Child(entry, "Prefix")[prefix.Length..].TrimEnd('/'), Length: (long?)null))
            .Concat(Named("Contents").Select(entry => (Name: Child(entry, "Key")[prefix.Length..], Length: SizeOf(entry))))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)];
    }

    public void Dispose() => _http.Dispose();

    private static string PathOf(string key) => $"/{Bucket}/{string.Join('/', key.Split('/').Select(Uri.EscapeDataString))}";

    private string Own(string method, string target) => address.GetLeftPart(UriPartial.Authority)
        + _signature.Presign(method, target, new Dictionary<string, string> { ["host"] = address.Authority }, DateTimeOffset.UtcNow, 60);
}
