using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>The folders of a workspace, in which its experiments lie.</summary>
public sealed class WorkspaceFolders
{
    private const string Mount = "/Workspace/";

    private readonly RestApi _api;

    internal WorkspaceFolders(RestApi api) => _api = api;

    /// <summary>
    /// The folder that has to be made before an experiment can be; null where there is one, or the store has no folders, or
    /// who asks may not look.
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

    /// <summary>The location of an experiment; the workspace finds one under <c>/Workspace</c> only without that.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when the name is no absolute path.</exception>
    internal static string Location(string experiment)
    {
        string location = experiment.StartsWith(Mount, StringComparison.Ordinal) ? experiment.Substring(Mount.Length - 1) : experiment;
        return location.Length > 1 && location[0] == '/' && location[location.Length - 1] != '/'
            ? location
            : throw new MlflowException(ErrorKind.InvalidValue, $"'{experiment}' cannot be the name of an experiment on Databricks, where a name is a location in the workspace. Write it as /Users/you@example.com/{Last(experiment)} or /Shared/{Last(experiment)}.") { Target = experiment };
    }

    /// <summary>The folder that holds a location; empty for the root.</summary>
    internal static string ParentOf(string location) => location.Substring(0, location.LastIndexOf('/'));

    /// <summary>Makes a folder and those above it; one that is there stays.</summary>
    internal Task MakeAsync(string folder, CancellationToken cancellationToken) => _api.Retrier.RunAsync(
        async _ =>
        {
            try
            {
                return await _api.PostAddressOnceAsync("api/2.0/workspace/mkdirs", body => body.WriteString("path", folder), ErrorKind.InvalidValue, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.ErrorCode == "DIRECTORY_PROTECTED")
            {
                // Where the folder of a user is missing, so is the user.
                throw e.Rewrap($"The workspace folder {folder} does not exist and cannot be created: {e.Message} Under /Users, only users of the workspace have a folder: check the user's name, or use /Shared.", ErrorKind.PermissionDenied, folder);
            }
        },
        cancellationToken);

    private static string Last(string experiment) => experiment.Trim('/') is { Length: > 0 } name ? name : "name";

    private async Task<bool> IsThereAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement answer = await _api.GetAddressAsync("api/2.0/workspace/get-status", ErrorKind.InvalidValue, cancellationToken, ("path", folder)).ConfigureAwait(false);
            return answer.ValueKind == JsonValueKind.Object;
        }
        catch (MlflowException e) when (e.ErrorCode == "RESOURCE_DOES_NOT_EXIST")
        {
            return false;
        }
    }
}
