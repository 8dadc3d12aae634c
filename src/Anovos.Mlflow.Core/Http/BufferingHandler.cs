namespace Anovos.Mlflow.Http;

/// <summary>
/// Reads every answer before it is handed on: within the request's time limit, and no more than <see cref="ResponseBody"/>
/// allows. A failure to read it is a failure of the request.
/// </summary>
internal sealed class BufferingHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        await BufferAsync(response, cancellationToken).ConfigureAwait(false);
        return response;
    }

    /// <summary>Reads the body and puts it in the answer's place; disposes of an answer that cannot be read.</summary>
    public static async Task<byte[]> BufferAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            byte[] bytes = await ResponseBody.ReadAsync(response, response.RequestMessage!.RequestUri!, cancellationToken).ConfigureAwait(false);
            var body = new AnswerContent(bytes);
            foreach (KeyValuePair<string, IEnumerable<string>> header in response.Content.Headers)
            {
                // It is the length on the wire, and the rest of a long error is left there.
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

/// <summary>The body of an answer that was read.</summary>
internal sealed class AnswerContent(byte[] bytes) : ByteArrayContent(bytes)
{
    /// <summary>Its bytes, which are not to be changed.</summary>
    public byte[] Bytes { get; } = bytes;
}
