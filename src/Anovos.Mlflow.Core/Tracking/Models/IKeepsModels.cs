namespace Anovos.Mlflow.Tracking;

/// <summary>A registry in a database. It can hold an exact copy of another registry's models, with version numbers and times.</summary>
internal interface IKeepsModels : IListsAllVersions
{
    /// <summary>
    /// Creates a model with the times of one in another registry. An existing model of that name gets its description, times and tags.
    /// </summary>
    Task KeepModelAsync(RegisteredModel model, CancellationToken cancellationToken);

    /// <summary>
    /// Creates a version with the number, times, stage and status of one in another registry. An existing version with that number gets
    /// these and its tags.
    /// </summary>
    /// <param name="version">The version of the other registry, with the source, storage location and run that it gets here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ModelNotFound"/>; <see cref="ErrorKind.InvalidValue"/> if the number belongs to a version of other origin.
    /// </exception>
    Task KeepVersionAsync(ModelVersion version, CancellationToken cancellationToken);
}
