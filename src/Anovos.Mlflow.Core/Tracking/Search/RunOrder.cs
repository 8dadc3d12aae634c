namespace Anovos.Mlflow.Tracking;

/// <summary>
/// An order of runs in MLflow's syntax, such as <c>metrics.rmse DESC</c>. Runs with equal values are ordered by start time, the latest
/// first, then by id.
/// </summary>
internal sealed class RunOrder
{
    private readonly List<(RunKey Key, bool Descending)> _keys = [];

    private RunOrder()
    {
    }

    /// <summary>The keys, the most important first.</summary>
    public IReadOnlyList<(RunKey Key, bool Descending)> Keys => _keys;

    /// <summary>Whether it reads params, metrics or tags.</summary>
    public bool NeedsData => _keys.Exists(order => order.Key.NeedsData);

    /// <summary>Parses the keys, the most important first.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/>; the message says where the error is and what is allowed.
    /// </exception>
    public static RunOrder Parse(IReadOnlyList<string> orderBy)
    {
        var parsed = new RunOrder();
        foreach (string order in orderBy)
        {
            var text = new SearchText(order, "order");
            RunKey key = RunKey.Read(text);
            if (key.Field == RunField.Dataset)
                throw text.Fail("runs cannot be ordered by dataset", 0);
            bool descending = text.TryWord("DESC");
            if (!descending)
                text.TryWord("ASC");
            if (!text.End)
                throw text.Fail("ASC, DESC or the end is expected");
            parsed._keys.Add((key, descending));
        }

        return parsed;
    }

    /// <summary>Sorts the runs. In both directions, runs without the value are last, and runs with NaN are before them.</summary>
    public List<T> Sort<T>(IEnumerable<T> items, Func<T, Run> run)
    {
        IOrderedEnumerable<T> sorted = items.OrderBy(_ => 0);
        foreach ((RunKey key, bool descending) in _keys)
        {
            sorted = sorted.ThenBy(item => Rank(key, run(item)));
            sorted = (key.IsNumber, descending) switch
            {
                (true, false) => sorted.ThenBy(item => key.Number(run(item))),
                (true, true) => sorted.ThenByDescending(item => key.Number(run(item))),
                (false, false) => sorted.ThenBy(item => key.Text(run(item)), StringComparer.Ordinal),
                (false, true) => sorted.ThenByDescending(item => key.Text(run(item)), StringComparer.Ordinal),
            };
        }

        return [.. sorted.ThenByDescending(item => run(item).StartTime).ThenBy(item => run(item).RunId, StringComparer.Ordinal)];
    }

    private static int Rank(RunKey key, Run run)
    {
        if (!key.IsNumber)
            return key.Text(run) is null ? 2 : 0;
        return key.Number(run) is { } number ? (double.IsNaN(number) ? 1 : 0) : 2;
    }
}
