using System.Text.Json;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Gets tokens from a service on this machine, such as that of Databricks' extension for VS Code. As in databricks-sdk-go, and unlike
/// databricks-sdk-py, the service must be on this machine.
/// </summary>
internal sealed class MetadataService(TokenEndpoint endpoint, DatabricksConfig config)
{
    /// <summary>Fetches a token for the workspace.</summary>
    public async Task<AccessToken> FetchAsync(CancellationToken cancellationToken)
    {
        Uri address = TokenEndpoint.Address(config["metadata_service_url"]!, "DATABRICKS_METADATA_SERVICE_URL");
        if (!address.IsLoopback)
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"DATABRICKS_METADATA_SERVICE_URL names {address.Host}, but a metadata service must be on this machine: localhost or "
                + "127.0.0.1. Correct it.")
            { Target = "DATABRICKS_METADATA_SERVICE_URL" };
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add("X-Databricks-Metadata-Version", "1");
        request.Headers.Add("X-Databricks-Host", config.Host.GetLeftPart(UriPartial.Authority));
        JsonElement response = await endpoint.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return TokenTime.Read(response, "expires_on") is not null
            ? endpoint.Read(response, address)
            : throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                "The metadata service does not say when its token expires (expires_on). Restart the program that runs it.")
            { Target = address.Host };
    }
}
