namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Writes logged models on a server or in a database of MLflow 3. Every member throws <see cref="ErrorKind.NotSupported"/> if the server or
/// the database is older.
/// </summary>
internal interface ILoggedModelWriter : ILoggedModelStore
{
    /// <summary>Creates a model. It is pending until <see cref="FinalizeAsync"/>.</summary>
    Task<LoggedModel> CreateAsync(NewLoggedModel model, CancellationToken cancellationToken);

    /// <summary>Sets tags.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    Task SetTagsAsync(string modelId, IReadOnlyList<Tag> tags, CancellationToken cancellationToken);

    /// <summary>Adds params that the model does not have yet.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    Task LogParamsAsync(string modelId, IReadOnlyList<Param> values, CancellationToken cancellationToken);

    /// <summary>Adds points. Each belongs to a run of this store. A server adds them to the metrics of the run as well.</summary>
    Task LogMetricsAsync(string modelId, IReadOnlyList<LoggedModelMetric> points, CancellationToken cancellationToken);

    /// <summary>Sets the status: <c>READY</c> or <c>UPLOAD_FAILED</c>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    Task FinalizeAsync(string modelId, string status, CancellationToken cancellationToken);

    /// <summary>
    /// Adds models to a run's inputs and outputs. The caller must leave out existing links, because a server refuses duplicates.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    Task LinkAsync(string runId, ModelLinks links, CancellationToken cancellationToken);
}

/// <summary>Reads the logged models of a folder or a database, including those in the trash.</summary>
internal interface ILocalLoggedModels : ILoggedModelStore
{
    /// <summary>Returns all models of an experiment, including those in the trash.</summary>
    Task<IReadOnlyList<LoggedModel>> ListAllAsync(string experimentId, CancellationToken cancellationToken);
}

/// <summary>Logged models in a database. They can be an exact copy of another store's, with ids and times.</summary>
internal interface IKeepsLoggedModels : ILoggedModelWriter, ILocalLoggedModels
{
    /// <summary>
    /// Creates a model with the id, experiment, run, times, status and stage of one in another store. An existing model with that id gets
    /// the other's times, status, stage and tags, and the params and points that it lacks.
    /// </summary>
    /// <param name="model">The model of the other store, with the artifact URI that it gets here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task KeepAsync(LoggedModel model, CancellationToken cancellationToken);
}

/// <summary>A logged model to be created.</summary>
/// <param name="ExperimentId">The id of its experiment.</param>
/// <param name="Name">Its name.</param>
internal sealed record NewLoggedModel(string ExperimentId, string Name)
{
    /// <summary>The id of the run that creates it.</summary>
    public string? RunId { get; init; }

    /// <summary>The kind of model.</summary>
    public string? ModelType { get; init; }

    /// <summary>Its params.</summary>
    public IReadOnlyList<Param> Params { get; init; } = [];

    /// <summary>Its first tags.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];
}
