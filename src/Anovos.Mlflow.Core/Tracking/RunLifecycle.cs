namespace Anovos.Mlflow.Tracking;

/// <summary>Starts, resumes and ends runs in a store.</summary>
/// <param name="store">The store.</param>
/// <param name="environment">Returns the value of an environment variable.</param>
public sealed class RunLifecycle(ITrackingStore store, Func<string, string?> environment)
{
    /// <summary>The name of the experiment that every store has or creates with its first run.</summary>
    public const string DefaultExperiment = "Default";

    private const string DefaultExperimentId = "0";

    /// <summary>
    /// Keeps a database open, but not locked, between the operations of a command, until the result is disposed. Returns null for other
    /// stores.
    /// </summary>
    public IDisposable? KeepOpen() => (store as SqliteStore)?.KeepOpen();

    /// <summary>
    /// Returns the experiment to use: the one with the given name, else the one in <c>MLFLOW_EXPERIMENT_ID</c> or
    /// <c>MLFLOW_EXPERIMENT_NAME</c>, else <c>Default</c>. Null if it must be created first; <see cref="ExperimentName"/> returns its name.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentDeleted"/>; <see cref="ErrorKind.ExperimentNotFound"/> for the id in the environment.</exception>
    public async Task<Experiment?> FindExperimentAsync(string? name, CancellationToken cancellationToken)
    {
        string? id = name is null ? Variable("MLFLOW_EXPERIMENT_ID") : null;
        Experiment? found = id is not null and not DefaultExperimentId
            ? await store.GetExperimentAsync(id, cancellationToken).ConfigureAwait(false)
            : await store.FindExperimentAsync(ExperimentName(name), cancellationToken).ConfigureAwait(false);
        if (found?.LifecycleStage == LifecycleStage.Deleted)
            throw new MlflowException(ErrorKind.ExperimentDeleted, $"The experiment '{found.Name}' ({found.ExperimentId}) is deleted, and its name stays taken. Restore it, or use another name.") { Target = found.Name };
        return found;
    }

    /// <summary>The name of the experiment to use if no id is given.</summary>
    public string ExperimentName(string? name) =>
        name ?? (Variable("MLFLOW_EXPERIMENT_ID") == DefaultExperimentId ? DefaultExperiment : Variable("MLFLOW_EXPERIMENT_NAME") ?? DefaultExperiment);

    /// <summary>Creates an experiment. If another process created it in the meantime, returns that one.</summary>
    public async Task<Experiment> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken)
    {
        try
        {
            string id = await store.CreateExperimentAsync(experiment, cancellationToken).ConfigureAwait(false);
            return await store.GetExperimentAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists)
        {
            if (await FindExperimentAsync(experiment.Name, cancellationToken).ConfigureAwait(false) is { } other)
                return other;
            throw;
        }
    }

    /// <summary>Starts a run with the tags of the request and no others.</summary>
    public async Task<Run> StartAsync(Experiment experiment, RunRequest request, CancellationToken cancellationToken)
    {
        var run = new NewRun(experiment.ExperimentId, request.RunName, request.UserId, Now())
        {
            Tags = request.Tags,
        };
        Run started = await store.CreateRunAsync(run, cancellationToken).ConfigureAwait(false);
        return started.In(experiment);
    }

    /// <summary>Resumes a run: its status becomes <see cref="RunStatus.Running"/>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/>, also for a deleted run.</exception>
    public async Task<Run> ResumeAsync(string runId, IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        Run run = await store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
        if (run.LifecycleStage == LifecycleStage.Deleted)
            throw new MlflowException(ErrorKind.RunNotFound, $"Run {runId} is deleted. Restore it first.") { Target = runId };
        if (run.Status != RunStatus.Running)
            await store.UpdateRunAsync(new RunUpdate(runId, RunStatus.Running), cancellationToken).ConfigureAwait(false);
        await store.WriteAsync(runId, new RunData { Tags = tags }, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(runId, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a run and returns its new state.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="experiment">The name of its experiment; null to read it from the store.</param>
    /// <param name="status">The final status.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<Run> EndAsync(string runId, string? experiment, RunStatus status, CancellationToken cancellationToken)
    {
        using IDisposable? open = KeepOpen();
        await store.UpdateRunAsync(new RunUpdate(runId, status, Now()), cancellationToken).ConfigureAwait(false);
        return experiment is { Length: > 0 }
            ? await store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false) with { Experiment = experiment }
            : await ReadAsync(runId, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns the run with that id, including the name of its experiment.</summary>
    public async Task<Run> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        Run run = await store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
        return run.In(await store.GetExperimentAsync(run.ExperimentId, cancellationToken).ConfigureAwait(false));
    }

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
