namespace Anovos.Mlflow.Tracking;

/// <summary>
/// What is to be removed or restored, read before anything changes: a store answers with success to a run that is removed twice,
/// and a person who did that meant another one.
/// </summary>
public sealed class LifecycleChecks(ITrackingStore store)
{
    /// <summary>The run that is to be removed.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.RunDeleted"/>: it is removed already.</exception>
    public async Task<Run> RunToRemoveAsync(string runId, CancellationToken cancellationToken)
    {
        (Run run, _) = await ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        return run.LifecycleStage == LifecycleStage.Active ? run : throw new MlflowException(ErrorKind.RunDeleted, $"Run {runId} ('{run.RunName}') is already removed. Restore-MlflowRun brings it back.") { Target = runId };
    }

    /// <summary>The run that is to be restored.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.NotDeleted"/>; <see cref="ErrorKind.ExperimentDeleted"/>, for a store would
    /// restore it where nobody finds it.
    /// </exception>
    public async Task<Run> RunToRestoreAsync(string runId, CancellationToken cancellationToken)
    {
        (Run run, Experiment experiment) = await ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        if (run.LifecycleStage == LifecycleStage.Active)
            throw new MlflowException(ErrorKind.NotDeleted, $"Run {runId} ('{run.RunName}') is not removed, so there is nothing to restore.") { Target = runId };
        return experiment.LifecycleStage == LifecycleStage.Active ? run : throw new MlflowException(ErrorKind.ExperimentDeleted, $"Run {runId} ('{run.RunName}') is in the experiment '{experiment.Name}' ({experiment.ExperimentId}), which is also removed. Restore-MlflowExperiment brings it back with all its runs.") { Target = runId };
    }

    /// <summary>Throws for an experiment that is in the trash, and so cannot be changed or removed.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentDeleted"/></exception>
    public static Experiment ThrowIfDeleted(Experiment experiment) => experiment.LifecycleStage == LifecycleStage.Active ? experiment : throw new MlflowException(
        ErrorKind.ExperimentDeleted, $"The experiment '{experiment.Name}' ({experiment.ExperimentId}) is removed. Restore-MlflowExperiment brings it back.")
    { Target = experiment.Name };

    /// <summary>Throws for an experiment that is not in the trash, and so cannot be restored.</summary>
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
