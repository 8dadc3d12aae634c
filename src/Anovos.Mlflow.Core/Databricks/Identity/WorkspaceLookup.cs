using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Finds workspaces that are not named by their address, but by an Azure resource id or a secret scope of another workspace. Caches the
/// results. A lookup takes time, so it is done only if there is no other way.
/// </summary>
public sealed class WorkspaceLookup
{
    private readonly ConcurrentDictionary<string, Uri> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<(string Scope, string Prefix, DatabricksConfig From), DatabricksConfig> _secrets = new();

    /// <summary>Cancels the requests.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>Replaces the address of Azure's Resource Manager, for tests.</summary>
    internal Uri? ResourceManager { get; init; }

    /// <summary>Finds the host of the workspace with a configuration's resource id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> if Azure does not return it.</exception>
    internal Uri FindHost(DatabricksConfig config, ConnectionOptions options)
    {
        string id = config["azure_workspace_resource_id"]!.Trim('/');
        return _hosts.TryGetValue(id, out Uri? known) ? known : _hosts[id] = Run(() => FindHostAsync(id, config, options));
    }

    /// <summary>Finds the workspace with the host and token in the secrets <c>prefix-host</c> and <c>prefix-token</c> of a scope.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="prefix">The prefix.</param>
    /// <param name="from">The workspace that contains the scope.</param>
    /// <param name="options">How to connect to it.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if there is no such secret.</exception>
    internal DatabricksConfig FindSecret(string scope, string prefix, DatabricksConfig from, ConnectionOptions options) =>
        _secrets.TryGetValue((scope, prefix, from), out DatabricksConfig? known)
            ? known
            : _secrets[(scope, prefix, from)] = Run(() => FindSecretAsync(scope, prefix, from, options));

    // Blocks, because the caller needs the address to continue.
    private T Run<T>(Func<Task<T>> find) => Task.Run(find, Cancellation).GetAwaiter().GetResult();

    private async Task<Uri> FindHostAsync(string id, DatabricksConfig config, ConnectionOptions options)
    {
        Func<DateTimeOffset> clock = () => DateTimeOffset.UtcNow;
        string manager = config.Cloud!.ResourceManager;
        IdentityMethod method = IdentityChoice.OfAzure(config);
        try
        {
            TokenFetch fetch = method.Fetch(config, new TokenSources(config, options, clock));
            AccessToken token = await fetch(manager, Cancellation).ConfigureAwait(false);
            options.Redactor.Add(token.Value);
            var address = new Uri(ResourceManager ?? new Uri(manager), $"{id}?api-version=2018-04-01");
            var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
            JsonElement workspace = await new TokenEndpoint(options, clock).SendAsync(request, Cancellation).ConfigureAwait(false);
            return workspace.TryGetProperty("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object
                && TokenEndpoint.Text(properties, "workspaceUrl") is { Length: > 0 } host
                ? WorkspaceHost.Parse(host).Address
                : throw new MlflowException(ErrorKind.AuthenticationFailed, $"{address.Host} did not return its address.") { Target = id };
        }
        catch (NotSignedInException e)
        {
            throw NotFound(new MlflowException(ErrorKind.AuthenticationFailed, e.Message, e), method);
        }
        catch (MlflowException e)
        {
            throw NotFound(e, method);
        }
    }

    private static MlflowException NotFound(MlflowException e, IdentityMethod method) => e.Rewrap(
        $"The workspace of DATABRICKS_AZURE_RESOURCE_ID could not be found as {method.Name}: {e.Message} This requires the Reader role "
        + "on the resource. Alternatively, set DATABRICKS_HOST to the workspace's address.", target: "DATABRICKS_AZURE_RESOURCE_ID");

    private async Task<DatabricksConfig> FindSecretAsync(string scope, string prefix, DatabricksConfig from, ConnectionOptions options)
    {
        using var api = new RestApi(from.Host, options);
        string host = await ReadSecretAsync(api, scope, $"{prefix}-host").ConfigureAwait(false);
        string token = await ReadSecretAsync(api, scope, $"{prefix}-token").ConfigureAwait(false);
        options.Redactor.Add(token);
        return DatabricksConfig.OfSecret(host, token, $"secret scope {scope}");
    }

    private async Task<string> ReadSecretAsync(RestApi api, string scope, string key)
    {
        try
        {
            JsonElement secret = await api.GetAddressAsync(
                "api/2.0/secrets/get", ErrorKind.InvalidValue, Cancellation, ("scope", scope), ("key", key)).ConfigureAwait(false);
            string value = Encoding.UTF8.GetString(Convert.FromBase64String(TokenEndpoint.Text(secret, "value") ?? ""));
            return Pasted.Token(value, $"The secret {key}")
                ?? throw new MlflowException(ErrorKind.InvalidValue, $"The secret {key} of the scope {scope} is empty.") { Target = key };
        }
        catch (FormatException e)
        {
            throw new MlflowException(ErrorKind.InvalidValue, $"The secret {key} of the scope {scope} cannot be read.", e) { Target = key };
        }
        catch (MlflowException e) when (
            e.Kind is ErrorKind.InvalidValue or ErrorKind.PermissionDenied && e.Target != key && !WorkspaceRefusal.IsNoPermission(e))
        {
            throw e.Rewrap(
                $"The secret {key} of the scope {scope} in {api.Server.Host} cannot be read: {e.Message} The tracking URI "
                + "databricks://scope:prefix needs the secrets prefix-host and prefix-token, and READ on the scope.", target: key);
        }
    }
}
