namespace Anovos.Mlflow.Identity;

/// <summary>
/// Fetches tokens for a machine's managed identity in Azure, from the instance metadata service, or if <c>IDENTITY_ENDPOINT</c> is set
/// from the service of App Service and Container Apps.
/// </summary>
internal sealed class ManagedIdentity(TokenEndpoint endpoint, Func<string, string?> setting)
{
    /// <summary>Fetches a token for a resource.</summary>
    public async Task<AccessToken> FetchAsync(string resource, CancellationToken cancellationToken)
    {
        string? platform = setting("IDENTITY_HEADER") is null ? null : setting("IDENTITY_ENDPOINT");
        string host = setting("AZURE_POD_IDENTITY_AUTHORITY_HOST")?.TrimEnd('/') ?? "http://169.254.169.254";
        string query = $"?api-version={(platform is null ? "2018-02-01" : "2019-08-01")}&resource={Uri.EscapeDataString(resource)}"
            + (setting("azure_client_id") is { } client ? $"&client_id={Uri.EscapeDataString(client)}" : "");
        var address = new Uri((platform ?? $"{host}/metadata/identity/oauth2/token") + query);
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (platform is null)
            request.Headers.Add("Metadata", "true");
        else
            request.Headers.Add("X-IDENTITY-HEADER", setting("IDENTITY_HEADER"));
        try
        {
            return endpoint.Read(await endpoint.SendAsync(request, cancellationToken).ConfigureAwait(false), address);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.TrackingServerUnreachable)
        {
            throw new MlflowException(ErrorKind.AuthenticationFailed, $"No managed identity is available on this machine: {address.Authority} does not respond. Use the method azure-msi only on an Azure VM, scale set or app that has one, and unset ARM_USE_MSI elsewhere.", e) { Target = address.Authority };
        }
    }
}
