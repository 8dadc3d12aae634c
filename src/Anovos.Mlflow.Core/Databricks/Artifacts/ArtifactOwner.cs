using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>A run or a logged model of a workspace, with the endpoints for its artifacts.</summary>
/// <param name="Id">The id of the run or model.</param>
/// <param name="IsModel">True for a logged model.</param>
internal sealed record ArtifactOwner(string Id, bool IsModel)
{
    /// <summary>The endpoint for credentials to write.</summary>
    public string WriteEndpoint => IsModel ? $"{Model}/credentials-for-upload" : "artifacts/credentials-for-write";

    /// <summary>The endpoint for credentials to read.</summary>
    public string ReadEndpoint => IsModel ? $"{Model}/credentials-for-download" : "artifacts/credentials-for-read";

    private string Model => $"logged-models/{Uri.EscapeDataString(Id)}/artifacts";

    /// <summary>Writes a request for credentials.</summary>
    public void WriteRequest(Utf8JsonWriter json, IEnumerable<string> paths, string? pageToken)
    {
        json.WriteString(IsModel ? "model_id" : "run_id", Id);
        RestEntities.WriteStrings(json, IsModel ? "paths" : "path", [.. paths]);
        if (pageToken is not null)
            json.WriteString("page_token", pageToken);
    }

    /// <summary>Reads the credentials of a response.</summary>
    public IEnumerable<JsonElement> ReadCredentials(JsonElement response) => IsModel
        ? response.Items("credentials").Select(item => item.Part("credential_info"))
        : response.Items("credential_infos");

    /// <summary>Lists the direct children of a folder.</summary>
    public Task<IReadOnlyList<Artifact>> ListAsync(RestApi api, string folder, CancellationToken cancellationToken) => IsModel
        ? RunListing.OfAsync(api, $"{Model}/directories", "artifact_directory_path", null, folder, cancellationToken)
        : RunListing.OfAsync(api, Id, folder, cancellationToken);

    /// <inheritdoc/>
    public override string ToString() => $"{(IsModel ? "logged model" : "run")} {Id}";
}
