namespace Anovos.Mlflow.Http;

/// <summary>
/// Reads every answer before it is handed on: within the request's time limit, and no more than <see cref="AnswerBody"/>
/// allows. A failure to read it is a failure of the request.
/// </summary>
internal sealed class AnswerHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            var body = new ByteArrayContent(await AnswerBody.ReadAsync(response, request.RequestUri!, cancellationToken).ConfigureAwait(false));
            foreach (KeyValuePair<string, IEnumerable<string>> header in response.Content.Headers)
            {
                // It is the length on the wire, and the rest of a long error is left there.
                if (!header.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                    body.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            response.Content.Dispose();
            response.Content = body;
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
