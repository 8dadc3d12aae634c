using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Identity;

/// <summary>Gets tokens for the identity that is signed in with <c>az login</c>.</summary>
/// <param name="setting">Returns a Databricks setting, or an environment variable.</param>
/// <param name="findTenant">Finds the tenant of the workspace; null if it cannot be found.</param>
/// <param name="clock">Returns the current time.</param>
internal sealed class AzureCli(Func<string, string?> setting, Func<CancellationToken, Task<string?>> findTenant, Func<DateTimeOffset> clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The path of the program; null if it is not installed.</summary>
    public static string? Find(Func<string, string?> setting)
    {
        // Only these two names: on Windows it is a batch file. The current folder is never searched.
        string name = WindowsName.IsWindows ? "az.cmd" : "az";
        return ProgramSearch.Folders(setting("PATH")).Select(folder => LocalPath.Join(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Fetches a token for a resource, for the identity that is signed in.</summary>
    /// <exception cref="NotSignedInException">No one is signed in.</exception>
    public async Task<AccessToken> FetchAsync(string resource, CancellationToken cancellationToken)
    {
        var program = new TokenProgram("The Azure CLI", Find(setting) ?? throw new MlflowException(ErrorKind.AuthenticationFailed, "The Azure CLI (az) is not on the PATH. Install it, or sign in another way.") { Target = "az" });
        string[] command = ["account", "get-access-token", "--resource", resource, "--output", "json"];
        string[] parts = (setting("azure_workspace_resource_id") ?? "").Split('/');
        string? tenant = setting("azure_tenant_id") is { } set ? Plain("ARM_TENANT_ID", set) : null;

        // The CLI accepts a tenant or a subscription. Users of the workspace are not always allowed to see its subscription.
        ProgramResult? result = tenant is null && parts.Length > 2
            ? await program.RunAsync([.. command, "--subscription", Plain("DATABRICKS_AZURE_RESOURCE_ID", parts[2])], Patience, cancellationToken)
                .ConfigureAwait(false)
            : null;
        if (result is not { ExitCode: 0 })
        {
            tenant ??= await findTenant(cancellationToken).ConfigureAwait(false);
            if (tenant is not null && !await IsManagedIdentityAsync(program, cancellationToken).ConfigureAwait(false))
                command = [.. command, "--tenant", tenant];
            result = await program.RunAsync(command, Patience, cancellationToken).ConfigureAwait(false);
        }

        return result.ExitCode == 0
            ? Read(program, result.Output)
            : throw new NotSignedInException($"The Azure CLI has no token for Azure Databricks: {result.Message} Sign in with az login.", "az");
    }

    // A managed identity belongs to the tenant of its machine, and the CLI rejects an explicit one.
    private static async Task<bool> IsManagedIdentityAsync(TokenProgram program, CancellationToken cancellationToken)
    {
        ProgramResult account = await program.RunAsync(["account", "show", "--output", "json"], Patience, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            using JsonDocument document = JsonDocument.Parse(account.Output);
            return document.RootElement.TryGetProperty("user", out JsonElement user)
                && TokenEndpoint.Text(user, "name") is "systemAssignedIdentity" or "userAssignedIdentity";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static string Plain(string variable, string value) => Regex.IsMatch(value, "^[A-Za-z0-9.-]+$")
        ? value
        : throw new MlflowException(
            ErrorKind.InvalidValue,
            $"{variable} is not an id that can be passed to the Azure CLI. Correct it.")
        { Target = variable };

    private AccessToken Read(TokenProgram program, string output)
    {
        // The output contains a token, so neither the message nor an inner exception may quote it.
        MlflowException unreadable = program.Failed(
            "The Azure CLI printed something other than a token. Check az version; 2.54 or newer works best.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            JsonElement response = document.RootElement;
            string token = TokenEndpoint.Text(response, "accessToken") ?? throw unreadable;

            // Newer versions give the expiry in Unix seconds; older ones only in local time.
            DateTimeOffset? end = TokenTime.Read(response, "expires_on", "expiresOn")
                ?? (Jwt.Claims(token) is { } claims ? TokenTime.Read(claims, "exp") : null);
            return new AccessToken(token, clock(), end ?? throw unreadable);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw unreadable;
        }
    }
}
