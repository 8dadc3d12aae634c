namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A registry whose searches leave something out. A folder and a database keep removed versions, so that no number is used twice, and a
/// search in Unity Catalog returns no tags.
/// </summary>
internal interface IListsAllVersions : IModelRegistry
{
    /// <summary>
    /// Returns all versions of a model in full, ordered by number. Removed versions have the stage <see cref="ModelVersion.DeletedStage"/>.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    Task<IReadOnlyList<ModelVersion>> ListAllAsync(string name, CancellationToken cancellationToken);
}
