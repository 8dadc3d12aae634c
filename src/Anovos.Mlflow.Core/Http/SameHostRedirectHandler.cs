using System.Net;

namespace Anovos.Mlflow.Http;

/// <summary>
/// Follows a redirect only if it keeps the scheme, host and port and repeats the same request.
/// Any other redirect would send credentials to another server or turn a POST into a GET.
/// </summary>
internal sealed class SameHostRedirectHandler(bool follow) : DelegatingHandler
{
    private const int MaximumRedirects = 5;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                return response;

            response.Dispose();
            Uri target = location.IsAbsoluteUri ? location : new Uri(request.RequestUri!, location);
            if (NetworkRefusal.Of(request.RequestUri!, target) is { } refusal)
                throw refusal;
            bool repeatable = request.Method == HttpMethod.Get || (int)response.StatusCode is 307 or 308;
            bool sameHost = Uri.Compare(target, request.RequestUri!, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;
            if (!follow || !repeatable || !sameHost || redirects == MaximumRedirects)
                throw NotFollowed(request.RequestUri!, target, !sameHost ? ", because credentials must not be sent to another host" : redirects == MaximumRedirects ? $", because it is redirect {redirects + 1} of one request" : "");
            request.RequestUri = target;
        }
    }

    private static MlflowException NotFollowed(Uri from, Uri target, string why) =>
        new(
            ErrorKind.NotAnMlflowServer,
            $"{from.GetLeftPart(UriPartial.Path)} redirects to {target.GetLeftPart(UriPartial.Path)}, but this redirect is not followed{why}. If that is your MLflow server, use its address as the tracking URI.")
        { Target = from.GetLeftPart(UriPartial.Authority), StatusCode = (int)HttpStatusCode.Redirect };
}
