namespace Anovos.Mlflow.Tracking;

/// <summary>A registry that can hold an exact copy of another one's models, with version numbers and times: that of a database.</summary>
internal interface IKeepsModels : IListsAllVersions
{
    /// <summary>Creates a model with the times of another registry's; one of that name gets its description, times and tags.</summary>
    Task KeepModelAsync(RegisteredModel model, CancellationToken cancellationToken);

    /// <summary>
    /// Creates a version with the number, times, stage and status of another registry's; one of that number gets them, and its tags.
    /// </summary>
    /// <param name="version">The version of the other registry, with the source, storage location and run that it is to have here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ModelNotFound"/>; <see cref="ErrorKind.InvalidValue"/> if the number belongs to a version of other origin.
    /// </exception>
    Task KeepVersionAsync(ModelVersion version, CancellationToken cancellationToken);
}
