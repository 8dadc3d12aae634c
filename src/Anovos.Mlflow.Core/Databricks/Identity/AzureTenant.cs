using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Finds the Azure tenant of a workspace, from its redirect to the sign-in page.</summary>
internal sealed class AzureTenant(TokenEndpoint endpoint, DatabricksConfig config)
{
    /// <summary>Finds the tenant; null if the workspace does not name it.</summary>
    public async Task<string?> FindAsync(CancellationToken cancellationToken)
    {
        // The workspace is still being looked up.
        if (config["host"] is null)
            return null;
        try
        {
            Uri? login = await endpoint.FindRedirectAsync(new Uri(config.Host, "aad/auth"), cancellationToken).ConfigureAwait(false);
            string[] path = login?.AbsolutePath.Split('/') ?? [];
            return path.Length > 1 && path[1].Length > 0 && path[1].All(c => char.IsLetterOrDigit(c) || c is '-' or '.') ? path[1] : null;
        }
        catch (MlflowException e) when (e.Kind != ErrorKind.TrackingServerUnreachable)
        {
            return null;
        }
    }

    /// <summary>Returns the tenant in <c>ARM_TENANT_ID</c>, or else that of the workspace.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> if neither is known.</exception>
    public async Task<string> GetAsync(CancellationToken cancellationToken) =>
        config["azure_tenant_id"] ?? await FindAsync(cancellationToken).ConfigureAwait(false)
        ?? throw new MlflowException(
            ErrorKind.AuthenticationFailed,
            $"The tenant of the application is not known: {config.Host.Host} does not redirect to it. Set ARM_TENANT_ID "
            + "(azure_tenant_id).")
        { Target = "ARM_TENANT_ID" };
}
