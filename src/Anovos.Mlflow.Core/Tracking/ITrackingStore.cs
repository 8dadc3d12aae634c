namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Where experiments and runs are kept: a server or a directory. Every member throws <see cref="MlflowException"/>
/// for what went wrong there, and <see cref="OperationCanceledException"/>. Safe for several threads.
/// </summary>
public interface ITrackingStore : IDisposable
{
    /// <summary>The tracking URI under which another process finds the same store.</summary>
    string TrackingUri { get; }

    /// <summary>What the store accepts.</summary>
    StoreLimits Limits { get; }

    /// <summary>The experiment of that name, a deleted one too; null when there is none.</summary>
    Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken);

    /// <summary>The experiment of that id, a deleted one too.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken);

    /// <summary>Makes an experiment and answers its id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/>, also when the one of that name is deleted.</exception>
    Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken);

    /// <summary>One page of experiments, the newest first.</summary>
    Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Gives an experiment another name.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/> when another one has it, a deleted one too; <see cref="ErrorKind.InvalidValue"/> for a deleted experiment.</exception>
    Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken);

    /// <summary>Sets a tag of an experiment.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a deleted experiment.</exception>
    Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken);

    /// <summary>Puts an experiment with all its runs into the trash, or takes it out with all of them; one that is there already stays.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken);

    /// <summary>Starts a run.</summary>
    Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken);

    /// <summary>The run of that id, a deleted one too.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Changes a run's status, end time or name; what is null stays as it is.</summary>
    Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken);

    /// <summary>Puts a run into the trash, or takes it out; one that is there already stays.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken);

    /// <summary>One page of runs.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a filter or an order that cannot be read.</exception>
    Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Writes one batch within <see cref="Limits"/>; params first, then metrics, then tags.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ParameterConflict"/> when a param is there with another value.</exception>
    Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken);

    /// <summary>Names datasets that a run reads. One that the run has already, by name and digest, stays as it is.</summary>
    Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken);

    /// <summary>One page of a metric's points, in no order that all stores keep.</summary>
    Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Removes a tag; one that is not there is <see cref="ErrorKind.InvalidValue"/>.</summary>
    Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken);
}

/// <summary>A page of a search, and how to ask for the next.</summary>
/// <param name="Items">What was found.</param>
/// <param name="NextPageToken">Asks for the next page; null on the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextPageToken);

/// <summary>An experiment to be made.</summary>
/// <param name="Name">The name, at most <see cref="StoreLimits.ExperimentName"/> characters.</param>
/// <param name="ArtifactLocation">Where its artifacts go; null leaves that to the store.</param>
public sealed record NewExperiment(string Name, string? ArtifactLocation = null)
{
    /// <summary>Its tags.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];
}

/// <summary>A run to be started.</summary>
/// <param name="ExperimentId">The experiment it belongs to.</param>
/// <param name="RunName">Its name; null has the store find one.</param>
/// <param name="UserId">Who starts it.</param>
/// <param name="StartTime">Unix milliseconds.</param>
public sealed record NewRun(string ExperimentId, string? RunName, string UserId, long StartTime)
{
    /// <summary>Its first tags.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>The id of a run that began on a server and goes on in a local store. Only local stores take one.</summary>
    public string? RunId { get; init; }
}

/// <summary>A change of a run; null leaves as it is.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Status">The new status; <see cref="RunStatus.Running"/> resumes.</param>
/// <param name="EndTime">Unix milliseconds.</param>
/// <param name="RunName">The new name.</param>
public sealed record RunUpdate(string RunId, RunStatus? Status = null, long? EndTime = null, string? RunName = null);

/// <summary>Which experiments a search answers with.</summary>
/// <param name="ViewType">Which lifecycle stages.</param>
/// <param name="MaxResults">The size of a page, 1 to 50000.</param>
public sealed record ExperimentSearch(ViewType ViewType = ViewType.ActiveOnly, int MaxResults = 1000);

/// <summary>Which runs a search answers with, in which order.</summary>
/// <param name="ExperimentIds">The experiments to look in.</param>
/// <param name="Filter">MLflow's search syntax, as <c>metrics.rmse &lt; 1 and params.model = 'tree'</c>; null for all.</param>
public sealed record RunSearch(IReadOnlyList<string> ExperimentIds, string? Filter = null)
{
    /// <summary>Keys to order by, as <c>metrics.rmse DESC</c>; without any the newest start comes first.</summary>
    public IReadOnlyList<string> OrderBy { get; init; } = [];

    /// <summary>Which lifecycle stages.</summary>
    public ViewType ViewType { get; init; } = ViewType.ActiveOnly;

    /// <summary>The size of a page, 1 to 50000.</summary>
    public int MaxResults { get; init; } = 1000;
}
