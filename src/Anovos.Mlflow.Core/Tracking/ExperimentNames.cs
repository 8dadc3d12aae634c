namespace Anovos.Mlflow.Tracking;

/// <summary>Finds experiments by the names that scripts use.</summary>
public static class ExperimentNames
{
    /// <summary>Returns the experiments that a name matches. Finding none is an error, unless the name has wildcards.</summary>
    /// <param name="store">The store.</param>
    /// <param name="name">The name.</param>
    /// <param name="view">The lifecycle stages that the caller works on.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ExperimentNotFound"/>; <see cref="ErrorKind.ExperimentDeleted"/> or <see cref="ErrorKind.NotDeleted"/> if the
    /// experiment with exactly that name is in another stage.
    /// </exception>
    public static async Task<IReadOnlyList<Experiment>> FindExperimentsAsync(
        this ITrackingStore store, NamePattern name, ViewType view, CancellationToken cancellationToken)
    {
        Experiment? exact = await FindExperimentAsync(store, name, cancellationToken).ConfigureAwait(false);
        if (exact is not null)
        {
            return
            [
                view switch
                {
                    ViewType.ActiveOnly => LifecycleChecks.ThrowIfDeleted(exact),
                    ViewType.DeletedOnly => LifecycleChecks.ThrowIfActive(exact),
                    _ => exact,
                },
            ];
        }

        if (!name.HasWildcards)
        {
            string list = view == ViewType.DeletedOnly ? "Get-MlflowExperiment -IncludeDeleted" : "Get-MlflowExperiment";
            throw new MlflowException(
                ErrorKind.ExperimentNotFound, $"There is no experiment '{name}' at {store.TrackingUri}. {list} lists them.")
            {
                Target = name.ToString(),
            };
        }

        IReadOnlyList<Experiment> all = await ListExperimentsAsync(store, view, cancellationToken).ConfigureAwait(false);
        return [.. all.Where(experiment => name.Matches(experiment.Name))];
    }

    /// <summary>Returns the experiment with exactly that name, even if it is deleted; null if there is none.</summary>
    public static Task<Experiment?> FindExperimentAsync(this ITrackingStore store, NamePattern name, CancellationToken cancellationToken) =>
        name.FindAsync(exact => store.FindExperimentAsync(exact, cancellationToken), experiment => experiment.Name);

    /// <summary>Returns all experiments in those lifecycle stages.</summary>
    public static async Task<IReadOnlyList<Experiment>> ListExperimentsAsync(
        this ITrackingStore store, ViewType view, CancellationToken cancellationToken)
    {
        var search = new ExperimentSearch(view);
        return await PageWalker.ReadAllAsync(page => store.SearchExperimentsAsync(search, page, cancellationToken)).ConfigureAwait(false);
    }
}
