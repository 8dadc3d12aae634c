using System.Net.Http.Headers;
using System.Text.Json;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Fetches the token in which Azure Pipelines identifies a job's pipeline or, with a service connection, the connection that the job may
/// use. Its audience is fixed: <c>api://AzureADTokenExchange</c>.
/// </summary>
internal sealed class PipelineToken(TokenEndpoint endpoint, DatabricksConfig config)
{
    /// <summary>What is missing for this method; null if nothing is.</summary>
    public static string? Missing(DatabricksConfig config) =>
        Place(config) is null ? "SYSTEM_OIDCREQUESTURI is not set: this is not an Azure Pipelines job"
        : config["SYSTEM_ACCESSTOKEN"] is null
            ? "SYSTEM_ACCESSTOKEN is not set: give it to the task with env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)"
        : null;

    /// <summary>
    /// The address that issues the token: the one in Azure Pipelines' variable, or, as in Databricks' SDKs, one built from the job's ids.
    /// </summary>
    internal static string? Place(DatabricksConfig config)
    {
        string[] names =
            ["SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_TEAMPROJECTID", "SYSTEM_HOSTTYPE", "SYSTEM_PLANID", "SYSTEM_JOBID"];
        string?[] job = [.. names.Select(config.Setting)];
        return config["SYSTEM_OIDCREQUESTURI"] is { } named ? named
            : job.Contains(null) ? null
            : $"{job[0]!.TrimEnd('/')}/{job[1]}/_apis/distributedtask/hubs/{job[2]}/plans/{job[3]}/jobs/{job[4]}/oidctoken";
    }

    /// <summary>Fetches a token. It is valid for minutes, so it is never cached.</summary>
    /// <param name="serviceConnectionId">The id of the service connection; null for the pipeline itself.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<string> FetchAsync(string? serviceConnectionId, CancellationToken cancellationToken)
    {
        string connection = serviceConnectionId is null ? "" : $"&serviceConnectionId={Uri.EscapeDataString(serviceConnectionId)}";
        if (!Uri.TryCreate($"{Place(config)}?api-version=7.1{connection}", UriKind.Absolute, out Uri? address))
            throw new MlflowException(
                ErrorKind.InvalidValue,
                "SYSTEM_OIDCREQUESTURI is not an address. Azure Pipelines sets it; do not change it.")
            { Target = "SYSTEM_OIDCREQUESTURI" };
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent([]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        // Otherwise a refusal is a redirect to a sign-in page.
        request.Headers.Add("X-TFS-FedAuthRedirect", "Suppress");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", config["SYSTEM_ACCESSTOKEN"]);

        JsonElement response = await endpoint.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return TokenEndpoint.Text(response, "oidcToken") is { Length: > 0 } token
            ? token
            : throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"{address.GetLeftPart(UriPartial.Path)} returned no OIDC token. Check that the service connection uses workload "
                + "identity federation.")
            { Target = address.Host };
    }
}
