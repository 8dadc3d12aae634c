using System.Collections.Concurrent;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Finds or creates the experiments of the target, each only once.</summary>
internal sealed class ExperimentCopier(ITrackingStore source, ITrackingStore target, CopyOptions options)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<TargetExperiment>>> _experiments = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<Experiment>>> _sources = new(StringComparer.Ordinal);

    /// <summary>Returns an experiment of the source.</summary>
    public Task<Experiment> SourceAsync(string experimentId, CancellationToken cancellationToken) =>
        _sources.GetOrAdd(experimentId, _ => new(() => source.GetExperimentAsync(experimentId, cancellationToken))).Value;

    /// <summary>Returns the target's experiment for an experiment of the source.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ExperimentDeleted"/> unless it may be restored; <see cref="ErrorKind.ExperimentExists"/> if the ids are kept
    /// and another experiment has the id or the name; or if the source and the target are the same.
    /// </exception>
    public Task<TargetExperiment> EnsureAsync(string experimentId, CancellationToken cancellationToken) =>
        _experiments.GetOrAdd(experimentId, _ => new(() => FindOrCreateAsync(experimentId, cancellationToken))).Value;

    /// <summary>
    /// Moves experiments that are deleted in the source into the target's trash. Call it after all their runs are copied.
    /// </summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        foreach (KeyValuePair<string, Lazy<Task<TargetExperiment>>> entry in _experiments)
        {
            if (entry.Value.Value is not { IsFaulted: false, IsCanceled: false } found)
                continue;
            TargetExperiment there = await found.ConfigureAwait(false);
            if (Exact is { } exact)
            {
                Experiment experiment = await SourceAsync(entry.Key, cancellationToken).ConfigureAwait(false);
                await exact.KeepExperimentStateAsync(experiment, cancellationToken).ConfigureAwait(false);
            }
            else if (there.EndsDeleted)
                await target.MoveExperimentAsync(there.ExperimentId, LifecycleStage.Deleted, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Returns the id of the target's experiment if the source's experiment is part of the copy; otherwise null.</summary>
    public async Task<string?> KnownIdAsync(string experimentId) =>
        _experiments.TryGetValue(
            experimentId, out Lazy<Task<TargetExperiment>>? known) ? (await known.Value.ConfigureAwait(false)).ExperimentId : null;

    // Null if the target is only counted.
    private ILocalStore? Exact => options.KeepIds ? target as ILocalStore : null;

    private async Task<TargetExperiment> FindOrCreateAsync(string experimentId, CancellationToken cancellationToken)
    {
        Experiment experiment = await SourceAsync(experimentId, cancellationToken).ConfigureAwait(false);
        string name = options.ExperimentName?.Invoke(experiment.Name) ?? experiment.Name;
        if (target.TrackingUri == source.TrackingUri && name == experiment.Name)
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"The experiment '{experiment.Name}' would be copied into itself at {target.TrackingUri}. Name another store with -Destination, "
                + "or another experiment with -DestinationExperiment.")
            { Target = experiment.Name };
        }

        if (Exact is { } exact)
            return await KeepAsync(exact, experiment, name, cancellationToken).ConfigureAwait(false);
        Experiment? there = await FindAsync(experiment, name, cancellationToken).ConfigureAwait(false);
        bool created = there is null;
        bool endsDeleted = experiment.LifecycleStage == LifecycleStage.Deleted && (
            created || there!.LifecycleStage == LifecycleStage.Deleted);
        if (there is null)
        {
            there = await CreateAsync(experiment, name, cancellationToken).ConfigureAwait(false);
        }
        else if (there.LifecycleStage == LifecycleStage.Deleted)
        {
            if (!options.Restore && !endsDeleted)
            {
                throw Deleted(there);
            }

            await target.MoveExperimentAsync(there.ExperimentId, LifecycleStage.Active, cancellationToken).ConfigureAwait(false);
        }

        List<MissingItem> missing = await CopyTagsAsync(experiment, there, cancellationToken).ConfigureAwait(false);
        return new TargetExperiment(there.ExperimentId, name, created, endsDeleted, missing);
    }

    private async Task<TargetExperiment> KeepAsync(
        ILocalStore exact, Experiment experiment, string name, CancellationToken cancellationToken)
    {
        Experiment there = await exact.KeepExperimentAsync(As(LifecycleStage.Active), cancellationToken).ConfigureAwait(false);
        if (there.LifecycleStage == LifecycleStage.Deleted)
        {
            if (!options.Restore && experiment.LifecycleStage != LifecycleStage.Deleted)
                throw Deleted(there);
            await exact.KeepExperimentStateAsync(As(LifecycleStage.Active), cancellationToken).ConfigureAwait(false);
        }

        return new TargetExperiment(there.ExperimentId, name, false, experiment.LifecycleStage == LifecycleStage.Deleted, [])
        {
            ArtifactLocation = there.ArtifactLocation,
        };

        Experiment As(LifecycleStage stage) => new()
        {
            ExperimentId = experiment.ExperimentId,
            Name = name,
            ArtifactLocation = options.KeepArtifactLocations ? experiment.ArtifactLocation : "",
            CreationTime = experiment.CreationTime,
            LastUpdateTime = experiment.LastUpdateTime,
            LifecycleStage = stage,
            Tags = experiment.Tags,
        };
    }

    private MlflowException Deleted(Experiment there) => new(
        ErrorKind.ExperimentDeleted,
        $"The experiment '{there.Name}' ({there.ExperimentId}) is deleted at {target.TrackingUri}, but its name is still taken. Restore it "
        + "with -Restore or Restore-MlflowExperiment, or copy into another one with -DestinationExperiment.")
    { Target = there.Name };

    private async Task<Experiment?> FindAsync(Experiment experiment, string name, CancellationToken cancellationToken)
    {
        Experiment? named = await target.FindExperimentAsync(name, cancellationToken).ConfigureAwait(false);
        if (!options.KeepIds)
            return named;
        Experiment? numbered = await TryGetAsync(experiment.ExperimentId, cancellationToken).ConfigureAwait(false);
        if (named?.ExperimentId == experiment.ExperimentId || (named is null && numbered is null))
            return named;
        string taken = named is not null
            ? $"the name '{name}' belongs to the experiment {named.ExperimentId}"
            : $"the id {experiment.ExperimentId} belongs to the experiment '{numbered!.Name}'";
        throw new MlflowException(
            ErrorKind.ExperimentExists,
            $"The experiment '{experiment.Name}' cannot keep its id {experiment.ExperimentId} at {target.TrackingUri}: {taken}. Copy it without "
            + "-KeepId, or into another database.")
        { Target = experiment.Name };
    }

    private async Task<Experiment?> TryGetAsync(string experimentId, CancellationToken cancellationToken)
    {
        try
        {
            return await target.GetExperimentAsync(experimentId, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentNotFound)
        {
            return null;
        }
    }

    private async Task<Experiment> CreateAsync(Experiment experiment, string name, CancellationToken cancellationToken)
    {
        var request = new NewExperiment(name, options.KeepArtifactLocations ? experiment.ArtifactLocation : null);
        return await new RunLifecycle(target, _ => null).CreateExperimentAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<List<MissingItem>> CopyTagsAsync(Experiment experiment, Experiment there, CancellationToken cancellationToken)
    {
        List<MissingItem> missing = [];
        foreach (KeyValuePair<string, string> tag in experiment.Tags)
        {
            // If the target already has a tag and rejects changes to it, as Databricks does for some, the tag stays as it is.
            if (there.Tags.TryGetValue(tag.Key, out string? value) && value == tag.Value)
                continue;
            try
            {
                await target.SetExperimentTagAsync(
                    there.ExperimentId, new Tag(tag.Key, tag.Value), cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (MissingList.ConcernsOneStep(e))
            {
                missing.Add(new MissingItem("ExperimentTag", tag.Key, e.Message));
            }
        }

        return missing;
    }
}

/// <summary>An experiment of the target.</summary>
/// <param name="ExperimentId">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Created">Whether this copy created it.</param>
/// <param name="EndsDeleted">Whether it must be moved to the trash after all runs are copied.</param>
/// <param name="Missing">The tags of the experiment that the target rejects.</param>
internal sealed record TargetExperiment(
    string ExperimentId, string Name, bool Created, bool EndsDeleted, IReadOnlyList<MissingItem> Missing)
{
    /// <summary>Gets the location of its artifacts; empty unless ids are kept.</summary>
    public string ArtifactLocation { get; init; } = "";
}
