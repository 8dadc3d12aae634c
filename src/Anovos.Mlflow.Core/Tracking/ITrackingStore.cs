namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A store of experiments and runs: a server, a database or a directory. Every member throws <see cref="MlflowException"/> for an error of
/// the store, and <see cref="OperationCanceledException"/>. Safe for several threads.
/// </summary>
public interface ITrackingStore : IDisposable
{
    /// <summary>The tracking URI by which another process finds the same store.</summary>
    string TrackingUri { get; }

    /// <summary>The limits of the store.</summary>
    StoreLimits Limits { get; }

    /// <summary>Returns the experiment with that name, even if it is deleted; null if there is none.</summary>
    Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns the experiment with that id, even if it is deleted.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken);

    /// <summary>Creates an experiment and returns its id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/>, even if the existing experiment is deleted.</exception>
    Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken);

    /// <summary>Returns one page of experiments, the newest first.</summary>
    Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Renames an experiment.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ExperimentExists"/> if another experiment has that name, even a deleted one;
    /// <see cref="ErrorKind.InvalidValue"/> for a deleted experiment.
    /// </exception>
    Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken);

    /// <summary>Sets a tag of an experiment.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a deleted experiment.</exception>
    Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken);

    /// <summary>Moves an experiment and all its runs to the trash, or restores them. Does nothing if it is in that stage already.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken);

    /// <summary>Starts a run.</summary>
    Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken);

    /// <summary>Returns the run with that id, even if it is deleted.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Changes a run's status, end time or name. Null leaves a field as it is.</summary>
    Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken);

    /// <summary>Moves a run to the trash, or restores it. Does nothing if it is in that stage already.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken);

    /// <summary>Returns one page of runs.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a filter or an order that cannot be parsed.</exception>
    Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Writes one batch within <see cref="Limits"/>: params first, then metrics, then tags.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ParameterConflict"/> if a param already has another value.</exception>
    Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken);

    /// <summary>Adds datasets that a run reads. A dataset that the run already has, by name and digest, does not change.</summary>
    Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken);

    /// <summary>Returns one page of a metric's points. Their order depends on the store.</summary>
    Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Removes a tag; <see cref="ErrorKind.InvalidValue"/> if the run does not have it.</summary>
    Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken);
}

/// <summary>A page of search results, with the token for the next page.</summary>
/// <param name="Items">The results on this page.</param>
/// <param name="NextPageToken">The token of the next page; null on the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextPageToken);

/// <summary>An experiment to be created.</summary>
/// <param name="Name">The name, at most <see cref="StoreLimits.ExperimentName"/> characters.</param>
/// <param name="ArtifactLocation">The location of its artifacts; null lets the store choose.</param>
public sealed record NewExperiment(string Name, string? ArtifactLocation = null)
{
    /// <summary>Its tags.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];
}

/// <summary>A run to be started.</summary>
/// <param name="ExperimentId">The id of its experiment.</param>
/// <param name="RunName">The name; null lets the store choose one.</param>
/// <param name="UserId">The user who starts it.</param>
/// <param name="StartTime">The start time, in Unix milliseconds.</param>
public sealed record NewRun(string ExperimentId, string? RunName, string UserId, long StartTime)
{
    /// <summary>Its first tags.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>The id of a run that began on a server and continues in a local store. Only local stores accept it.</summary>
    public string? RunId { get; init; }
}

/// <summary>A change to a run. Null leaves a field as it is.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Status">The new status; <see cref="RunStatus.Running"/> resumes the run.</param>
/// <param name="EndTime">The end time, in Unix milliseconds.</param>
/// <param name="RunName">The new name.</param>
public sealed record RunUpdate(string RunId, RunStatus? Status = null, long? EndTime = null, string? RunName = null);

/// <summary>Selects experiments.</summary>
/// <param name="ViewType">The lifecycle stages to search.</param>
/// <param name="MaxResults">The size of a page, 1 to 50000.</param>
public sealed record ExperimentSearch(ViewType ViewType = ViewType.ActiveOnly, int MaxResults = 1000);

/// <summary>Selects and orders runs.</summary>
/// <param name="ExperimentIds">The experiments to search.</param>
/// <param name="Filter">
/// A filter in MLflow's search syntax, such as <c>metrics.rmse &lt; 1 and params.model = 'tree'</c>; null for all runs.
/// </param>
public sealed record RunSearch(IReadOnlyList<string> ExperimentIds, string? Filter = null)
{
    /// <summary>The keys to order by, such as <c>metrics.rmse DESC</c>. Without any, the latest start comes first.</summary>
    public IReadOnlyList<string> OrderBy { get; init; } = [];

    /// <summary>The lifecycle stages to search.</summary>
    public ViewType ViewType { get; init; } = ViewType.ActiveOnly;

    /// <summary>The size of a page, 1 to 50000.</summary>
    public int MaxResults { get; init; } = 1000;
}
