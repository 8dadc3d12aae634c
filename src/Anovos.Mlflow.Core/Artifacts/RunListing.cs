using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Lists the artifacts of a run through its tracking server, wherever they are.</summary>
internal static class RunListing
{
    /// <summary>Returns the direct children of a folder.</summary>
    public static Task<IReadOnlyList<Artifact>> OfAsync(RestApi api, string runId, string folder, CancellationToken cancellationToken) =>
        OfAsync(api, "artifacts/list", "path", runId, folder, cancellationToken);

    /// <summary>Returns the direct children of a folder, from the given endpoint.</summary>
    /// <param name="api">The server.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="field">The name of the parameter for the folder.</param>
    /// <param name="runId">The run; null if the endpoint names the owner.</param>
    /// <param name="folder">The folder; empty for the root.</param>
    /// <param name="cancellationToken">Cancels the requests.</param>
    public static async Task<IReadOnlyList<Artifact>> OfAsync(
        RestApi api, string endpoint, string field, string? runId, string folder, CancellationToken cancellationToken)
    {
        List<Artifact> found = [];
        HashSet<string> tokens = new(StringComparer.Ordinal);
        string? token = null;
        do
        {
            JsonElement page = await api.GetAsync(
                endpoint,
                ErrorKind.RunNotFound,
                cancellationToken,
                ("run_id", runId),
                (field, folder.Length == 0 ? null : folder),
                ("page_token", token)).ConfigureAwait(false);
            found.AddRange(ArtifactResponses.ReadList(page, api.Server, ""));
            token = JsonFields.Read(page, api.Server.Host, json => json.Text("next_page_token"));
        }
        while (token.Length > 0 && tokens.Add(token));

        // For a file, a server lists the file itself.
        return found is [{ IsDirectory: false } only] && only.ArtifactPath == folder ? [] : found;
    }
}
