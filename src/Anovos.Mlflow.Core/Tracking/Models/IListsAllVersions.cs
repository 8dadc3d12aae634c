namespace Anovos.Mlflow.Tracking;

/// <summary>A registry that still has versions that were removed, so that no number is given twice: a folder's, or a database's.</summary>
internal interface IListsAllVersions : IModelRegistry
{
    /// <summary>
    /// Returns all versions of a model by number. The stage of those that were removed is <see cref="ModelVersion.DeletedStage"/>.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    Task<IReadOnlyList<ModelVersion>> ListAllAsync(string name, CancellationToken cancellationToken);
}
