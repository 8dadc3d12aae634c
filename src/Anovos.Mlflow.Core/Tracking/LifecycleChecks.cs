namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Checks runs and experiments before they are removed or restored. A store reports success when a run is removed twice, but a user who
/// does that probably meant another run.
/// </summary>
public sealed class LifecycleChecks(ITrackingStore store)
{
    /// <summary>Returns the run to remove.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.RunDeleted"/> if it is already removed.
    /// </exception>
    public async Task<Run> RunToRemoveAsync(string runId, CancellationToken cancellationToken)
    {
        (Run run, _) = await ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        return run.LifecycleStage == LifecycleStage.Active ? run : throw new MlflowException(ErrorKind.RunDeleted, $"Run {runId} ('{run.RunName}') is already removed. Restore-MlflowRun brings it back.") { Target = runId };
    }

    /// <summary>Returns the run to restore.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.NotDeleted"/>; <see cref="ErrorKind.ExperimentDeleted"/>, because a store
    /// would restore the run into a deleted experiment, where nobody finds it.
    /// </exception>
    public async Task<Run> RunToRestoreAsync(string runId, CancellationToken cancellationToken)
    {
        (Run run, Experiment experiment) = await ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        if (run.LifecycleStage == LifecycleStage.Active)
            throw new MlflowException(ErrorKind.NotDeleted, $"Run {runId} ('{run.RunName}') is not removed, so there is nothing to restore.") { Target = runId };
        return experiment.LifecycleStage == LifecycleStage.Active ? run : throw new MlflowException(ErrorKind.ExperimentDeleted, $"Run {runId} ('{run.RunName}') is in the experiment '{experiment.Name}' ({experiment.ExperimentId}), which is also removed. Restore-MlflowExperiment brings it back with all its runs.") { Target = runId };
    }

    /// <summary>Throws for an experiment that is in the trash and therefore cannot be changed or removed.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentDeleted"/></exception>
    public static Experiment ThrowIfDeleted(Experiment experiment) => experiment.LifecycleStage == LifecycleStage.Active ? experiment : throw new MlflowException(
        ErrorKind.ExperimentDeleted, $"The experiment '{experiment.Name}' ({experiment.ExperimentId}) is removed. Restore-MlflowExperiment brings it back.")
    { Target = experiment.Name };

    /// <summary>Throws for an experiment that is not in the trash and therefore cannot be restored.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotDeleted"/></exception>
    public static Experiment ThrowIfActive(Experiment experiment) => experiment.LifecycleStage == LifecycleStage.Deleted ? experiment : throw new MlflowException(
        ErrorKind.NotDeleted, $"The experiment '{experiment.Name}' ({experiment.ExperimentId}) is not removed, so there is nothing to restore.")
    { Target = experiment.Name };

    private async Task<(Run Run, Experiment Experiment)> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        Run run = await store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
        Experiment experiment = await store.GetExperimentAsync(run.ExperimentId, cancellationToken).ConfigureAwait(false);
        return (run.In(experiment), experiment);
    }
}
