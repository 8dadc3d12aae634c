using System.Text;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>The secrets of a workspace: <c>/api/2.0/secrets/get</c>.</summary>
internal sealed class SecretEndpoints(WorkspaceOptions options) : IWorkspaceEndpoints
{
    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (path != "/api/2.0/secrets/get")
            return false;
        string scope = context.Request.Query["scope"].ToString(), key = context.Request.Query["key"].ToString();
        if (!options.Secrets.Keys.Any(name => name.StartsWith($"{scope}/", StringComparison.Ordinal)))
            throw new ApiException("RESOURCE_DOES_NOT_EXIST", $"Scope {scope} does not exist!");
        if (!options.Secrets.TryGetValue($"{scope}/{key}", out string? value))
            throw new ApiException("RESOURCE_DOES_NOT_EXIST", $"No secret found in scope {scope} with key {key}.");
        string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
        await Answers.JsonAsync(context, $$"""{"key": "{{key}}", "value": "{{encoded}}"}""");
        return true;
    }
}
