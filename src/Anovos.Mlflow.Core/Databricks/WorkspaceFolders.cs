using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>The folders of a workspace, which contain its experiments.</summary>
public sealed class WorkspaceFolders
{
    private const string Mount = "/Workspace/";

    private readonly RestApi _api;

    internal WorkspaceFolders(RestApi api) => _api = api;

    /// <summary>
    /// Returns the folder that must be created before an experiment; null if it exists, if the store has no folders, or if the caller
    /// has no permission to look.
    /// </summary>
    public static async Task<string?> FindMissingAsync(ITrackingStore store, string experiment, CancellationToken cancellationToken)
    {
        if (store.As<WorkspaceStore>() is not { Folders: { } folders })
            return null;
        string parent = ParentOf(Location(experiment));
        try
        {
            return parent.Length == 0 || await folders.IsThereAsync(parent, cancellationToken).ConfigureAwait(false) ? null : parent;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.PermissionDenied)
        {
            return null;
        }
    }

    /// <summary>Returns the location of an experiment. Removes a leading <c>/Workspace</c>, which lookups do not support.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the name is not an absolute path.</exception>
    internal static string Location(string experiment)
    {
        string location = experiment.StartsWith(Mount, StringComparison.Ordinal) ? experiment.Substring(Mount.Length - 1) : experiment;
        return location.Length > 1 && location[0] == '/' && location[location.Length - 1] != '/'
            ? location
            : throw new MlflowException(ErrorKind.InvalidValue, $"'{experiment}' cannot be the name of an experiment on Databricks, where a name is a location in the workspace. Write it as /Users/you@example.com/{Last(experiment)} or /Shared/{Last(experiment)}.") { Target = experiment };
    }

    /// <summary>Returns the parent folder of a location; empty for the root.</summary>
    internal static string ParentOf(string location) => location.Substring(0, location.LastIndexOf('/'));

    /// <summary>Creates a folder and its parents; existing folders are kept.</summary>
    internal Task MakeAsync(string folder, CancellationToken cancellationToken) => _api.Retrier.RunAsync(
        async _ =>
        {
            try
            {
                return await _api.PostAddressOnceAsync("api/2.0/workspace/mkdirs", body => body.WriteString("path", folder), ErrorKind.InvalidValue, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.ErrorCode == "DIRECTORY_PROTECTED")
            {
                // If a user's folder is missing, the user does not exist.
                throw e.Rewrap($"The workspace folder {folder} does not exist and cannot be created: {e.Message} Under /Users, only users of the workspace have a folder: check the user's name, or use /Shared.", ErrorKind.PermissionDenied, folder);
            }
        },
        cancellationToken);

    private static string Last(string experiment) => experiment.Trim('/') is { Length: > 0 } name ? name : "name";

    private async Task<bool> IsThereAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement response = await _api.GetAddressAsync("api/2.0/workspace/get-status", ErrorKind.InvalidValue, cancellationToken, ("path", folder)).ConfigureAwait(false);
            return response.ValueKind == JsonValueKind.Object;
        }
        catch (MlflowException e) when (e.ErrorCode == "RESOURCE_DOES_NOT_EXIST")
        {
            return false;
        }
    }
}
