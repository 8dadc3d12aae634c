using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// The endpoints of Unity Catalog's model registry (<c>mlflow/unity-catalog/</c>). Checks names before sending a request, and reports a
/// missing permission as the missing grant.
/// </summary>
internal sealed class UnityCatalogApi(RestApi api, string trackingUri)
{
    private const string Prefix = "unity-catalog/";

    /// <summary>The workspace.</summary>
    public RestApi Workspace => api;

    /// <summary>The tracking URI of the workspace.</summary>
    public string TrackingUri => trackingUri;

    /// <summary>GET for one model or for all models.</summary>
    public Task<JsonElement> GetAsync(
        string operation,
        string? name,
        ErrorKind notFound,
        CancellationToken cancellationToken,
        params (string Name, string? Value)[] fields) =>
        ExplainAsync(operation, reads: true, name, notFound, () =>
            api.GetAsync(Prefix + operation, notFound, cancellationToken, [("name", name), .. fields]));

    /// <summary>Idempotent POST, which is retried.</summary>
    public Task<JsonElement> PostAsync(
        string operation,
        string name,
        ErrorKind notFound,
        CancellationToken cancellationToken,
        params (string Name, string? Value)[] fields) =>
        ExplainAsync(operation, reads: false, name, notFound, () =>
            api.PostAsync(Prefix + operation, Body(name, fields), notFound, cancellationToken));

    /// <summary>POST that is not retried.</summary>
    public Task<JsonElement> PostOnceAsync(
        string operation, string name, Action<Utf8JsonWriter> writeFields, ErrorKind notFound, CancellationToken cancellationToken) =>
        ExplainAsync(operation, reads: false, name, notFound, () =>
            api.PostOnceAsync(Prefix + operation, Body(name) + writeFields, notFound, cancellationToken));

    /// <summary>PATCH, which is idempotent and retried.</summary>
    public Task<JsonElement> PatchAsync(
        string operation,
        string name,
        ErrorKind notFound,
        CancellationToken cancellationToken,
        params (string Name, string? Value)[] fields) =>
        ExplainAsync(operation, reads: false, name, notFound, () =>
            api.PatchAsync(Prefix + operation, Body(name, fields), notFound, cancellationToken));

    /// <summary>DELETE. An object that is missing at a retry was removed by the request whose response was lost.</summary>
    public Task DeleteAsync(
        string operation,
        string name,
        ErrorKind notFound,
        CancellationToken cancellationToken,
        params (string Name, string? Value)[] fields) =>
        ExplainAsync<object?>(operation, reads: false, name, notFound, async () =>
        {
            await api.DeleteAsync(Prefix + operation, Body(name, fields), notFound, cancellationToken).ConfigureAwait(false);
            return null;
        });

    /// <summary>Reads a response.</summary>
    public T Read<T>(JsonElement response, Func<JsonElement, T> read) => JsonFields.Read(response, api.Server.Host, read);

    /// <summary>Reads a version.</summary>
    public ModelVersion ReadVersion(JsonElement json)
    {
        ModelVersion version = RegistryEntities.ReadVersion(json, trackingUri);
        return version with { Tags = CatalogTags.Read(version.Tags) };
    }

    /// <summary>Reads a registered model.</summary>
    public RegisteredModel ReadModel(JsonElement json)
    {
        RegisteredModel model = RegistryEntities.ReadModel(json, trackingUri);
        return model with { Tags = CatalogTags.Read(model.Tags) };
    }

    private static Action<Utf8JsonWriter> Body(string name, params (string Name, string? Value)[] fields) =>
        RegistryEntities.Fields([("name", name), .. fields]);

    private async Task<T> ExplainAsync<T>(string operation, bool reads, string? name, ErrorKind notFound, Func<Task<T>> ask)
    {
        UnityCatalogName? parts = name is null ? null : UnityCatalogName.Parse(name);
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.PermissionDenied && !WorkspaceRefusal.IsNoPermission(e))
        {
            throw e.Rewrap($"{e.Message} {UnityCatalogGrants.Advice(e.Message, operation, reads, parts)}", target: name);
        }
        // Some endpoints send the code only at the beginning of the message.
        catch (MlflowException e) when (e.ErrorCode == "METASTORE_DOES_NOT_EXIST" || e.Message.Contains("METASTORE_DOES_NOT_EXIST"))
        {
            throw e.Rewrap(
                $"The workspace {api.Server.Host} has no Unity Catalog. For its own model registry, use -RegistryUri databricks, or "
                + "set MLFLOW_REGISTRY_URI to databricks.",
                ErrorKind.NotSupported,
                name);
        }
        catch (MlflowException e) when (e.ErrorCode?.EndsWith("_DOES_NOT_EXIST", StringComparison.Ordinal) == true && e.Kind != notFound)
        {
            throw e.Rewrap($"{e.Message} Check the catalog and the schema in '{name}'.", notFound, name);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists || e.ErrorCode == "ALREADY_EXISTS")
        {
            throw e.Rewrap(e.Message, ErrorKind.ModelExists, name);
        }
    }
}
