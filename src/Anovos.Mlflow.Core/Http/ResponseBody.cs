using System.Text.Json;

namespace Anovos.Mlflow.Http;

/// <summary>Reads a response body other than an artifact's, up to a fixed size.</summary>
internal static class ResponseBody
{
    /// <summary>The maximum size of a success, after decompression: far above MLflow's largest page, but it fits into memory.</summary>
    public const int MaximumBytes = 64 << 20;

    // Only the beginning of an error is quoted.
    private const int ErrorBytes = 256 << 10;
    private const int BufferBytes = 16 << 10;

    // The maximum initial buffer: a server may announce more than it sends.
    private const int LongestAtOnce = 16 << 20;

    /// <summary>Reads the body; of an error, only the beginning.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotAnMlflowServer"/>: it is too long, or cannot be decompressed.</exception>
    /// <exception cref="IOException">The body ended too early.</exception>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, Uri address, CancellationToken cancellationToken)
    {
        int limit = response.IsSuccessStatusCode ? MaximumBytes : ErrorBytes;
        long? announced = response.Content.Headers.ContentEncoding.Count == 0 ? response.Content.Headers.ContentLength : null;

        // .NET Framework's stream ignores the token.
        using CancellationTokenRegistration stop = cancellationToken.Register(response.Dispose);
        try
        {
            using Stream source = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
            using var body = new MemoryStream((int)Math.Min(announced ?? 0, Math.Min(limit, LongestAtOnce)));
            byte[] buffer = new byte[BufferBytes];
            int read;
            while ((read = await source.ReadAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false)) > 0)
            {
                body.Write(buffer, 0, read);
                if (body.Length <= limit)
                    continue;
                return response.IsSuccessStatusCode ? throw NotMlflow(address, $"sent a response of more than {MaximumBytes >> 20} MiB") : body.ToArray();
            }

            return body.Length < announced
                ? throw new EndOfStreamException($"the response ended after {body.Length} of {announced} bytes")
                : body.Length == body.Capacity ? body.GetBuffer() : body.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw NotMlflow(address, $"sent a response that cannot be decompressed ({e.Message.TrimEnd('.')})");
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Parses a body that is a JSON object; null for any other body.</summary>
    public static JsonElement? TryParse(byte[] body)
    {
        var reader = new Utf8JsonReader(body);
        try
        {
            JsonElement element = JsonElement.ParseValue(ref reader);
            return element.ValueKind == JsonValueKind.Object && !reader.Read() ? element : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether the body is valid JSON that ends too early: its announced length was too short, or the connection closed. The request may
    /// have been executed, and an error lacks its code.
    /// </summary>
    public static bool IsCutShort(byte[] body, bool isSuccess)
    {
        if (!isSuccess && body.Length > ErrorBytes)
            return false; // truncated by this class
        var reader = new Utf8JsonReader(body, isFinalBlock: false, state: default);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read())
            {
            }

            return reader.CurrentDepth > 0 || reader.TokenType != JsonTokenType.EndObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static MlflowException NotMlflow(Uri address, string what)
    {
        string server = address.GetLeftPart(UriPartial.Path);
        return new(ErrorKind.NotAnMlflowServer, $"{server} {what}, unlike an MLflow server. Check the tracking URI, and any proxy in front of the server.") { Target = server };
    }
}
