using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Gates;

/// <summary>The value that a metric of a run is compared with.</summary>
/// <param name="Value">The number; null if there is none.</param>
/// <param name="Origin">
/// The source of the number, worded to follow it in a sentence. If there is no number, the reason as a full sentence.
/// </param>
internal sealed record GateReference(double? Value, string Origin)
{
    /// <summary>Why the number is not reliable, as a sentence; null if it is.</summary>
    public string? Doubt { get; init; }
}

/// <summary>Finds the values that the metrics of a run are compared with.</summary>
/// <param name="store">The store of the run.</param>
/// <param name="findVersion">Finds a version of a registered model.</param>
/// <param name="run">The run, which is never compared with itself.</param>
internal sealed class GateReferences(ITrackingStore store, Func<ModelUri, CancellationToken, Task<ModelVersion>> findVersion, Run run)
{
    // A median of two numbers would only be their mean.
    private const int FewestRuns = 3;
    private const int PageSize = 100;

    private readonly Dictionary<string, Run> _runs = new(StringComparer.Ordinal);

    public async Task<GateReference> FindAsync(string metric, GateBound bound, CancellationToken cancellationToken)
    {
        if (bound.Number is { } number)
            return new GateReference(number, "");
        if (bound.MedianOf is { } count)
            return await MedianAsync(metric, count, cancellationToken).ConfigureAwait(false);
        try
        {
            return bound.RunId is { } id
                ? await OfRunAsync(id, metric, $"run {id}", cancellationToken).ConfigureAwait(false)
                : await OfModelAsync(bound.Model!, metric, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.RunNotFound or ErrorKind.ModelNotFound or ErrorKind.ModelVersionNotFound)
        {
            return new GateReference(null, e.Message);
        }
    }

    private async Task<GateReference> OfModelAsync(ModelUri model, string metric, CancellationToken cancellationToken)
    {
        ModelVersion version = await findVersion(model, cancellationToken).ConfigureAwait(false);
        return version.RunId is { Length: > 0 } id
            ? await OfRunAsync(id, metric, $"run {id} of {model}", cancellationToken).ConfigureAwait(false)
            : new GateReference(null, $"Version {version.Version} of model {version.Name} was not created by a run.");
    }

    private async Task<GateReference> OfRunAsync(string id, string metric, string name, CancellationToken cancellationToken)
    {
        if (id == run.RunId)
            return new GateReference(null, "") { Doubt = $"The run itself is {name}, so there is nothing to compare it with." };
        if (!_runs.TryGetValue(id, out Run? other))
            _runs[id] = other = await store.GetRunAsync(id, cancellationToken).ConfigureAwait(false);
        return Number(other, metric) is { } number
            ? new GateReference(number, $"in {name}")
            : new GateReference(null, $"There is no number for {metric} in {name}.");
    }

    private async Task<GateReference> MedianAsync(string metric, int count, CancellationToken cancellationToken)
    {
        // Stores cannot search for runs whose metric is a number, and a run without the metric cannot be compared.
        string? filter = new RunQuery { Statuses = [RunStatus.Finished] }.ToFilter();
        var search = new RunSearch([run.ExperimentId], filter) { MaxResults = Math.Max(PageSize, count + 1) };
        var pages = new PageWalker();
        List<double> values = [];
        string? pageToken = null;
        do
        {
            Page<Run> page = await store.SearchRunsAsync(search, pageToken, cancellationToken).ConfigureAwait(false);
            values.AddRange(page.Items.Where(other => other.RunId != run.RunId).Select(other => Number(other, metric)).OfType<double>());
            pageToken = pages.After(page);
        }
        while (pageToken is not null && values.Count < count);

        double[] sorted = [.. values.Take(count).OrderBy(value => value)];
        if (sorted.Length == 0)
            return new GateReference(null, "") { Doubt = $"No other finished run of the experiment has a number for {metric}." };
        double median = (sorted[(sorted.Length - 1) / 2] / 2) + (sorted[sorted.Length / 2] / 2);
        string runs = sorted.Length == 1 ? "one other finished run" : $"{sorted.Length} other finished runs";
        return new GateReference(median, $"as the median of {runs}")
        {
            Doubt = sorted.Length < FewestRuns ? $"The median covers only {runs}; {FewestRuns} are needed." : null,
        };
    }

    // Infinities count as numbers, because they can be compared.
    private static double? Number(Run other, string metric) =>
        other.Metrics.TryGetValue(metric, out double value) && !double.IsNaN(value) ? value : null;
}
