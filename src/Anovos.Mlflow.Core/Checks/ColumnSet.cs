namespace Anovos.Mlflow.Checks;

/// <summary>What is known of a column.</summary>
internal enum ColumnState
{
    /// <summary>The data may have it.</summary>
    Possible,

    /// <summary>The data do not have it, and never had.</summary>
    Absent,

    /// <summary>An earlier step removed it.</summary>
    Dropped,
}

/// <summary>
/// What is known of the columns of the data between two steps. Names are compared without case: Spark does so in most places.
/// </summary>
internal sealed class ColumnSet
{
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _dropped = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _ever = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Columns of which only those that are named can be there; without names, nothing is known of them.</summary>
    public ColumnSet(IEnumerable<string>? names)
    {
        IsClosed = names is not null;
        _names.UnionWith(names ?? []);
        _ever.UnionWith(_names);
    }

    /// <summary>Whether there are no other columns than <see cref="Names"/>.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The names that are known.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>What is known of a column.</summary>
    public ColumnState State(string name) =>
        _names.Contains(name) ? ColumnState.Possible
        : _dropped.Contains(name) ? ColumnState.Dropped
        : IsClosed ? ColumnState.Absent : ColumnState.Possible;

    /// <summary>Whether the data had the column at some time, or may have had it.</summary>
    public bool MayHaveHad(string name) => _ever.Contains(name) || _dropped.Contains(name) || !IsClosed;

    /// <summary>A step added columns whose names are not followed.</summary>
    public void Open() => IsClosed = false;

    /// <summary>Adds a column.</summary>
    public void Add(string name)
    {
        _names.Add(name);
        _ever.Add(name);
        _dropped.Remove(name);
    }

    /// <summary>Removes a column.</summary>
    public void Drop(string name)
    {
        _names.Remove(name);
        _dropped.Add(name);
    }

    /// <summary>Keeps these columns and no others.</summary>
    public void Keep(IEnumerable<string> names)
    {
        string[] kept = [.. names];
        foreach (string gone in _names.Except(kept, StringComparer.OrdinalIgnoreCase).ToArray())
            Drop(gone);
        foreach (string name in kept)
            Add(name);
        IsClosed = true;
    }

    /// <summary>Adds the columns of a dataset that is joined.</summary>
    public void Join(ColumnSet other)
    {
        foreach (string name in other._names)
            Add(name);
        if (other.IsClosed)
            return;
        IsClosed = false;
        _dropped.Clear();
    }
}
