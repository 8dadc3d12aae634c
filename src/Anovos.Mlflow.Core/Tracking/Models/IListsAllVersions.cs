namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A registry whose searches leave something out: a folder's and a database's still have versions that were removed, so that no number
/// is given twice, and a search in Unity Catalog reports no tags.
/// </summary>
internal interface IListsAllVersions : IModelRegistry
{
    /// <summary>
    /// Returns all versions of a model by number, in full. The stage of those that were removed is <see cref="ModelVersion.DeletedStage"/>.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    Task<IReadOnlyList<ModelVersion>> ListAllAsync(string name, CancellationToken cancellationToken);
}
