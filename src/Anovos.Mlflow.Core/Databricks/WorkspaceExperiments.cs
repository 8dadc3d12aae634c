using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>The experiments of a workspace. Their names are locations, and the folder must exist first.</summary>
internal sealed class WorkspaceExperiments(RestApi api, string trackingUri, WorkspaceFolders folders) : RestExperiments(api, trackingUri)
{
    /// <inheritdoc/>
    public override Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken) =>
        base.FindExperimentAsync(WorkspaceFolders.Location(name), cancellationToken);

    /// <inheritdoc/>
    public override async Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken)
    {
        NewExperiment located = experiment with { Name = WorkspaceFolders.Location(experiment.Name) };
        string folder = WorkspaceFolders.ParentOf(located.Name);
        try
        {
            try
            {
                return await base.CreateExperimentAsync(located, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.ErrorCode == "RESOURCE_DOES_NOT_EXIST" && folder.Length > 0)
            {
                await folders.MakeAsync(folder, cancellationToken).ConfigureAwait(false);
                return await base.CreateExperimentAsync(located, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.PermissionDenied)
        {
            throw e.Rewrap($"The experiment {located.Name} could not be created: {e.Message}", target: located.Name);
        }
    }
}
