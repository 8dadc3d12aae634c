using System.Net;
using System.Text;

namespace Anovos.Mlflow.Http;

/// <summary>
/// Adds credentials to each request to one server, and repeats the request once with new ones if the server no longer accepts them.
/// Requests to other servers get no credentials.
/// </summary>
internal sealed class AuthenticationHandler(Uri server, IRequestIdentity identity) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Uri.Compare(request.RequestUri!, server, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) != 0)
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);

        HttpResponseMessage response = await AskAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !identity.Forget(request))
            return response;

        // The server rejected the token before it did anything, so even a request that is not idempotent can be sent again.
        response.Dispose();
        return await AskAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await identity.AuthenticateAsync(request, cancellationToken).ConfigureAwait(false);
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.BadRequest or HttpStatusCode.InternalServerError))
            return response;
        byte[] body = await BufferingHandler.BufferAsync(response, cancellationToken).ConfigureAwait(false);
        if (ServerErrors.RefusesCredentials((int)response.StatusCode, Encoding.UTF8.GetString(body)))
            response.StatusCode = HttpStatusCode.Unauthorized;
        return response;
    }
}
