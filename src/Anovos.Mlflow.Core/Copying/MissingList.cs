using System.Text.Json;

namespace Anovos.Mlflow.Copying;

/// <summary>Collects the parts of a run that cannot be copied. Thread-safe.</summary>
internal sealed class MissingList
{
    private const int Shown = 3;

    private readonly List<MissingItem> _items = [];

    /// <summary>The items, by kind.</summary>
    public IReadOnlyList<MissingItem> Items
    {
        get
        {
            lock (_items)
                return [.. _items.OrderBy(item => item.Kind, StringComparer.Ordinal).ThenBy(item => item.Name, StringComparer.Ordinal)];
        }
    }

    public int Count
    {
        get
        {
            lock (_items)
                return _items.Count;
        }
    }

    // The error of the first item that has one.
    private MlflowException? _error;

    /// <summary>Adds an item that was left out by a rule.</summary>
    public void Add(string kind, string name, string reason)
    {
        lock (_items)
        {
            if (!_items.Any(item => item.Kind == kind && item.Name == name))
                _items.Add(new MissingItem(kind, name, reason));
        }
    }

    /// <summary>Adds an item that was rejected or could not be read.</summary>
    public void Add(string kind, string name, Exception error)
    {
        Add(kind, name, error.Message);
        lock (_items)
        {
            _error ??= error as MlflowException ?? new MlflowException(ErrorKind.ArtifactSendFailed, error.Message, error) { Target = name };
        }
    }

    /// <summary>
    /// Returns the error of the first item that has one, with the run id and the number of other items; null if no item has an error.
    /// </summary>
    public MlflowException? ToError(string runId)
    {
        lock (_items)
        {
            if (_error is null)
                return null;
            int others = _items.Count - 1;
            string more = others == 0 ? "" : $" {others} more {(others == 1 ? "part is" : "parts are")} missing: see Missing of its result.";
            return _error.Rewrap($"The copy of run {runId} is incomplete. {_error.Message}{more}");
        }
    }

    /// <summary>Gets whether the other steps of the same run may still succeed.</summary>
    public static bool ConcernsOneStep(MlflowException e) =>
        !e.EndsOperation() && e.Kind is not (ErrorKind.RunNotFound or ErrorKind.RunDeleted or ErrorKind.ExperimentNotFound);

    /// <summary>Runs a step of a copy. If it fails, the step is recorded as missing, unless every other step would fail as well.</summary>
    public async Task TryAsync(string kind, string name, Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (MlflowException e) when (ConcernsOneStep(e))
        {
            Add(kind, name, e);
        }
    }

    /// <summary>Returns the list as one sentence.</summary>
    public string Summarize()
    {
        IReadOnlyList<MissingItem> items = Items;
        if (items.Count == 0)
            return "";
        string more = items.Count > Shown ? $"; and {items.Count - Shown} more, see Missing of the result" : "";
        return $"Left out: {string.Join("; ", items.Take(Shown).Select(item => item.ToString().TrimEnd('.')))}{more}.";
    }

    /// <summary>
    /// Returns the list as JSON of at most <paramref name="length"/> characters. If it does not fit, the last items are only counted.
    /// </summary>
    public string ToJson(int length)
    {
        IReadOnlyList<MissingItem> items = Items;
        for (int count = items.Count; ; count--)
        {
            var part = items.Take(count).Select(
                item => new Dictionary<string, string> { ["kind"] = item.Kind, ["name"] = item.Name, ["reason"] = item.Reason });
            var more = count < items.Count
                ? [new() { ["more"] = $"{items.Count - count}" }] : Enumerable.Empty<Dictionary<string, string>>();
            string json = JsonSerializer.Serialize(part.Concat(more));
            if (json.Length <= length || count == 0)
                return json;
        }
    }
}
