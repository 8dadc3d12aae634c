using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>A group of endpoints that a workspace has in addition to MLflow's.</summary>
internal interface IWorkspaceEndpoints
{
    /// <summary>Handles the request. Returns false, without writing anything, if the request is for other endpoints.</summary>
    /// <exception cref="ApiException">The workspace rejects the request.</exception>
    Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path);
}
