using System.Collections.Concurrent;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Lists the logged models of a run. A store without logged models is queried once per experiment.</summary>
internal sealed class RunModels(ILoggedModelStore source)
{
    private const int PageSize = 100;

    // By experiment. For a folder or a database: all its models by run. For a server: whether it has any.
    private readonly ConcurrentDictionary<string, Lazy<Task<ILookup<string, LoggedModel>>>> _local = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<bool>>> _hasAny = new(StringComparer.Ordinal);

    /// <summary>Returns the models that a run created, oldest first.</summary>
    /// <param name="experimentId">The experiment of the run.</param>
    /// <param name="runId">The run; empty for the models that do not name a run.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    public async Task<IReadOnlyList<LoggedModel>> OfRunAsync(string experimentId, string runId, CancellationToken cancellationToken)
    {
        if (source is ILocalLoggedModels local)
        {
            ILookup<string, LoggedModel> all = await _local.GetOrAdd(
                experimentId, _ => new(() => ReadAsync(local, experimentId, cancellationToken))).Value.ConfigureAwait(false);
            return [.. all[runId]];
        }

        bool hasAny = await _hasAny.GetOrAdd(experimentId, _ => new(() => HasAnyAsync(experimentId, cancellationToken))).Value
            .ConfigureAwait(false);
        if (!hasAny)
            return [];

        // A server has no filter for models without a run.
        string? filter = runId.Length == 0 ? null : ModelFilter.LoggedByRun(runId);
        List<LoggedModel> found = await PageWalker.ReadAllAsync(
            token => source.SearchAsync([experimentId], filter, PageSize, token, cancellationToken)).ConfigureAwait(false);
        found.Reverse();
        return [.. found.Where(model => model.RunId == runId)];
    }

    private static async Task<ILookup<string, LoggedModel>> ReadAsync(
        ILocalLoggedModels local, string experimentId, CancellationToken cancellationToken)
    {
        IReadOnlyList<LoggedModel> all = await local.ListAllAsync(experimentId, cancellationToken).ConfigureAwait(false);
        return all.ToLookup(model => model.RunId, StringComparer.Ordinal);
    }

    private async Task<bool> HasAnyAsync(string experimentId, CancellationToken cancellationToken)
    {
        try
        {
            Page<LoggedModel> first = await source.SearchAsync([experimentId], null, 1, null, cancellationToken).ConfigureAwait(false);
            return first.Items.Count > 0;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
        {
            return false;
        }
    }
}
