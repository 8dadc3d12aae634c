namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A folder or a database. It can hold an exact copy of what another store has: with its ids, and with the times that stores
/// otherwise choose by themselves.
/// </summary>
internal interface ILocalStore : ITrackingStore
{
    /// <summary>
    /// Creates an experiment with the id, name, artifact location, times and tags of another store's. One of that id and name stays,
    /// and gets the tags. The default experiment, while it has no runs, becomes the other store's. The experiment that is created is
    /// active: a store accepts no new runs in one that is in the trash.
    /// </summary>
    /// <param name="experiment">The experiment of the other store.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ExperimentExists"/> if its id or its name belongs to another experiment; <see cref="ErrorKind.InvalidValue"/>
    /// for an id that this store cannot have.
    /// </exception>
    Task<Experiment> KeepExperimentAsync(Experiment experiment, CancellationToken cancellationToken);

    /// <summary>Sets an experiment's stage and the time of its last change, and leaves the stages of its runs as they are.</summary>
    /// <param name="experiment">The experiment of the other store; its id names the one here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    Task KeepExperimentStateAsync(Experiment experiment, CancellationToken cancellationToken);

    /// <summary>
    /// Creates a run with the id, experiment, name, user, start time and artifact URI of another store's, running and without data. A
    /// run of that id stays as it is.
    /// </summary>
    /// <param name="run">The run of the other store, with the artifact URI that it is to have here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/>, <see cref="ErrorKind.ExperimentDeleted"/></exception>
    Task<Run> KeepRunAsync(Run run, CancellationToken cancellationToken);

    /// <summary>
    /// Sets a run's status, end time, stage and time of deletion. The last step of a copy: a store changes no run in the trash.
    /// </summary>
    /// <param name="run">The run of the other store; its id names the one here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    Task KeepRunStateAsync(Run run, CancellationToken cancellationToken);
}
