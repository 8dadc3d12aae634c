using System.Net.Http.Headers;
using System.Text.Json;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Fetches the token in which GitHub Actions identifies a job's repository, branch and environment.</summary>
internal sealed class GitHubToken(TokenEndpoint endpoint, DatabricksConfig config)
{
    /// <summary>What is missing for this method; null if nothing is.</summary>
    public static string? Missing(DatabricksConfig config) =>
        config["ACTIONS_ID_TOKEN_REQUEST_URL"] is null || config["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] is null
            ? "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set: this is not a GitHub Actions job with "
                + "permissions: id-token: write"
            : null;

    /// <summary>Fetches a token for an audience. It is valid for minutes, so it is never cached.</summary>
    public async Task<string> FetchAsync(string audience, CancellationToken cancellationToken)
    {
        string place = config["ACTIONS_ID_TOKEN_REQUEST_URL"]!;
        string query = $"{(place.Contains("?") ? "&" : "?")}audience={Uri.EscapeDataString(audience)}";
        Uri address = TokenEndpoint.Address(place + query, "ACTIONS_ID_TOKEN_REQUEST_URL");
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", config["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]);
        JsonElement response = await endpoint.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return TokenEndpoint.Text(response, "value") is { Length: > 0 } token
            ? token
            : throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"{address.GetLeftPart(UriPartial.Path)} returned no OIDC token. Check the job's permissions: id-token: write.")
            { Target = address.Host };
    }
}
