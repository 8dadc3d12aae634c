namespace Anovos.Mlflow.Http;

/// <summary>
/// Reads every response body within the request's time limit, and no more of it than <see cref="ResponseBody"/> allows. If reading
/// fails, the request fails.
/// </summary>
internal sealed class BufferingHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        await BufferAsync(response, cancellationToken).ConfigureAwait(false);
        return response;
    }

    /// <summary>Buffers the body in the response; disposes the response if its body cannot be read.</summary>
    public static async Task<byte[]> BufferAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            byte[] bytes = await ResponseBody.ReadAsync(response, response.RequestMessage!.RequestUri!, cancellationToken).ConfigureAwait(false);
            var body = new AnswerContent(bytes);
            foreach (KeyValuePair<string, IEnumerable<string>> header in response.Content.Headers)
            {
                // Content-Length is the length on the wire, and a long error is not read to its end.
                if (!header.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                    body.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            response.Content.Dispose();
            response.Content = body;
            return bytes;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}

/// <summary>The buffered body of a response.</summary>
internal sealed class AnswerContent(byte[] bytes) : ByteArrayContent(bytes)
{
    /// <summary>The bytes, which must not be changed.</summary>
    public byte[] Bytes { get; } = bytes;
}
