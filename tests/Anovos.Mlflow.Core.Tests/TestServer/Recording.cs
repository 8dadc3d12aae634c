using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tests.TestServer;

/// <summary>One exchange with a real MLflow server, from <c>shared/mlflow/transcripts</c>.</summary>
internal sealed partial class Recording(string file)
{
    private readonly JsonElement _json = JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;

    /// <summary>The folder of the recordings; null where the shared material is absent, as in a public clone.</summary>
    public static string? Root { get; } = FindRoot();

    public string Name => Path.GetFileNameWithoutExtension(file);

    public string Method => Request.GetProperty("method").GetString()!;

    public string Target => Request.GetProperty("path").GetString()!;

    public string? Header(string name) => Request.GetProperty("headers").TryGetProperty(name, out var value) ? value.GetString() : null;

    /// <summary>Null where the server closed the connection instead.</summary>
    public int? Status => Response.GetProperty("status").ValueKind == JsonValueKind.Null ? null : Response.GetProperty("status").GetInt32();

    /// <summary>The answer's body; null where it was too long to be kept.</summary>
    public string? Body => Response.GetProperty("body").ValueKind == JsonValueKind.String ? Response.GetProperty("body").GetString() : null;

    /// <summary>How long a body was that was not kept.</summary>
    public long OmittedLength => Response.GetProperty("body").GetProperty("bytes").GetInt64();

    public string? ResponseHeader(string name) => Response.GetProperty("headers").EnumerateArray()
        .Where(header => string.Equals(header[0].GetString(), name, StringComparison.OrdinalIgnoreCase))
        .Select(header => header[1].GetString()).FirstOrDefault();

    /// <summary>The bytes that were sent; null for none, and for a body that was too long to be kept.</summary>
    public byte[]? RequestBody
    {
        get
        {
            var body = Request.GetProperty("body");
            return body.ValueKind switch
            {
                JsonValueKind.String => Bytes(body.GetString()!),
                JsonValueKind.Object when body.TryGetProperty("base64", out var base64) => base64.GetBytesFromBase64(),
                _ => null,
            };
        }
    }

    private JsonElement Request => _json.GetProperty("request");

    private JsonElement Response => _json.GetProperty("response");

    public static IEnumerable<Recording> In(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root!, folder), "*.json").Order(StringComparer.Ordinal).Select(file => new Recording(file));

    // The recorder wrote a byte that is not UTF-8 as \xNN.
    private static byte[] Bytes(string text) => EscapedByte().IsMatch(text)
        ? Encoding.Latin1.GetBytes(EscapedByte().Replace(text, match => ((char)Convert.ToByte(match.Value[2..], 16)).ToString()))
        : Encoding.UTF8.GetBytes(text);

    [GeneratedRegex(@"\\x[89a-f][0-9a-f]")]
    private static partial Regex EscapedByte();

    private static string? FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Anovos.PowerShell.sln")))
                continue;
            string root = Path.Combine(folder.FullName, "..", "shared", "mlflow", "transcripts");
            return Directory.Exists(root) ? root : null;
        }

        return null;
    }
}
