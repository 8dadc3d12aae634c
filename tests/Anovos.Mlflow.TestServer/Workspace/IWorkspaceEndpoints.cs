using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>A group of endpoints that a workspace has beside MLflow's.</summary>
internal interface IWorkspaceEndpoints
{
    /// <summary>Answers the request; false, and nothing is written, where it is for others.</summary>
    /// <exception cref="ApiException">The workspace's refusal.</exception>
    Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path);
}
