namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A model registry. Every member throws <see cref="MlflowException"/> for an error of the registry, and
/// <see cref="OperationCanceledException"/>. Safe for several threads.
/// </summary>
public interface IModelRegistry
{
    /// <summary>The URI of the registry.</summary>
    string TrackingUri { get; }

    /// <summary>The registered models.</summary>
    IRegisteredModels Models { get; }

    /// <summary>The versions of registered models.</summary>
    IModelVersions Versions { get; }

    /// <summary>The aliases of registered models: names that point to versions.</summary>
    IModelAliases Aliases { get; }
}

/// <summary>The registered models of a registry.</summary>
public interface IRegisteredModels
{
    /// <summary>Returns the model with that name.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns one page of models, ordered by name.</summary>
    /// <param name="filter">
    /// A filter in MLflow's search syntax, such as <c>name LIKE 'income%'</c> or <c>tags.team = 'ops'</c>; null for all.
    /// </param>
    /// <param name="maxResults">The size of a page, 1 to 1000.</param>
    /// <param name="pageToken">The token of the page; null for the first.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<Page<RegisteredModel>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Creates a model without a version.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelExists"/></exception>
    Task<RegisteredModel> CreateAsync(string name, string? description, IReadOnlyList<Tag> tags, CancellationToken cancellationToken);

    /// <summary>Changes the description.</summary>
    Task<RegisteredModel> DescribeAsync(string name, string description, CancellationToken cancellationToken);

    /// <summary>Renames a model together with its versions.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/>, or <see cref="ErrorKind.ModelExists"/> for the new name.</exception>
    Task<RegisteredModel> RenameAsync(string name, string newName, CancellationToken cancellationToken);

    /// <summary>Removes the model with all its versions, aliases and tags. The files of the versions stay where they are.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Sets a tag.</summary>
    Task SetTagAsync(string name, Tag tag, CancellationToken cancellationToken);

    /// <summary>Removes a tag. Removing a tag that does not exist succeeds, as in MLflow.</summary>
    Task DeleteTagAsync(string name, string key, CancellationToken cancellationToken);
}

/// <summary>The versions of registered models.</summary>
public interface IModelVersions
{
    /// <summary>Returns a version by its number.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/></exception>
    Task<ModelVersion> GetAsync(string name, long version, CancellationToken cancellationToken);

    /// <summary>Returns one page of versions, the newest of a model first.</summary>
    /// <param name="filter">A filter in MLflow's search syntax, as <see cref="ModelFilter"/> writes it; null for all.</param>
    /// <param name="maxResults">The size of a page.</param>
    /// <param name="pageToken">The token of the page; null for the first.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<Page<ModelVersion>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Creates a version exactly once: after a lost response, the version is looked up by an idempotency key.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a source that the registry refuses.</exception>
    Task<ModelVersion> CreateAsync(NewModelVersion version, CancellationToken cancellationToken);

    /// <summary>Changes the description.</summary>
    Task DescribeAsync(string name, long version, string description, CancellationToken cancellationToken);

    /// <summary>Moves the version to a stage.</summary>
    /// <param name="name">The registered model.</param>
    /// <param name="version">The version.</param>
    /// <param name="stage"><c>None</c>, <c>Staging</c>, <c>Production</c> or <c>Archived</c>.</param>
    /// <param name="archiveOthers">True moves the versions in that stage to <c>Archived</c>.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task MoveAsync(string name, long version, string stage, bool archiveOthers, CancellationToken cancellationToken);

    /// <summary>Sets a tag.</summary>
    Task SetTagAsync(string name, long version, Tag tag, CancellationToken cancellationToken);

    /// <summary>Removes a tag. Removing a tag that does not exist succeeds, as in MLflow.</summary>
    Task DeleteTagAsync(string name, long version, string key, CancellationToken cancellationToken);

    /// <summary>Removes the version from the registry. Its files stay where they are.</summary>
    Task DeleteAsync(string name, long version, CancellationToken cancellationToken);

    /// <summary>Returns the URI of the version's files.</summary>
    Task<string> GetArtifactUriAsync(string name, long version, CancellationToken cancellationToken);
}

/// <summary>The aliases of registered models.</summary>
public interface IModelAliases
{
    /// <summary>Returns the version that an alias points to.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/></exception>
    Task<ModelVersion> GetAsync(string name, string alias, CancellationToken cancellationToken);

    /// <summary>Points an alias to a version, regardless of its previous target.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a name that an alias cannot have.</exception>
    Task SetAsync(string name, string alias, long version, CancellationToken cancellationToken);

    /// <summary>Removes an alias. Removing an alias that does not exist succeeds, as in MLflow.</summary>
    Task DeleteAsync(string name, string alias, CancellationToken cancellationToken);
}
