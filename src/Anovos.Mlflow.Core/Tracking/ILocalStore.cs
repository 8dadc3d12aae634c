namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A folder or a database. It can hold an exact copy of another store's content, with its ids and with the times that stores otherwise
/// choose themselves.
/// </summary>
internal interface ILocalStore : ITrackingStore
{
    /// <summary>
    /// Creates an experiment with the id, name, artifact location, times and tags of one in another store. An existing experiment with that
    /// id and name is kept and gets the tags. The default experiment becomes the other store's as long as it has no runs. The created
    /// experiment is active, because a store accepts no new runs in an experiment that is in the trash.
    /// </summary>
    /// <param name="experiment">The experiment of the other store.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ExperimentExists"/> if its id or its name belongs to another experiment; <see cref="ErrorKind.InvalidValue"/>
    /// for an id that this store cannot have.
    /// </exception>
    Task<Experiment> KeepExperimentAsync(Experiment experiment, CancellationToken cancellationToken);

    /// <summary>Sets an experiment's stage and the time of its last change. The stages of its runs do not change.</summary>
    /// <param name="experiment">The experiment of the other store; its id identifies the experiment here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    Task KeepExperimentStateAsync(Experiment experiment, CancellationToken cancellationToken);

    /// <summary>
    /// Creates a run with the id, experiment, name, user, start time and artifact URI of one in another store. The run is running and has
    /// no data. An existing run with that id does not change.
    /// </summary>
    /// <param name="run">The run of the other store, with the artifact URI that it gets here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/>, <see cref="ErrorKind.ExperimentDeleted"/></exception>
    Task<Run> KeepRunAsync(Run run, CancellationToken cancellationToken);

    /// <summary>
    /// Sets a run's status, end time, stage and time of deletion. This is the last step of a copy, because a store does not change runs in
    /// the trash.
    /// </summary>
    /// <param name="run">The run of the other store; its id identifies the run here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    Task KeepRunStateAsync(Run run, CancellationToken cancellationToken);
}
