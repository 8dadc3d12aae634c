namespace Anovos.Mlflow.Checks;

/// <summary>What we know about a column.</summary>
internal enum ColumnState
{
    /// <summary>The data may have it.</summary>
    Possible,

    /// <summary>The data never had it.</summary>
    Absent,

    /// <summary>An earlier step removed it.</summary>
    Dropped,
}

/// <summary>
/// What we know about the columns of the data between two steps. Names are compared ignoring case, as Spark does in most places.
/// </summary>
internal sealed class ColumnSet
{
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _dropped = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _ever = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Creates a set of exactly these columns. Without names, the data may have any column.</summary>
    public ColumnSet(IEnumerable<string>? names)
    {
        IsClosed = names is not null;
        _names.UnionWith(names ?? []);
        _ever.UnionWith(_names);
    }

    /// <summary>Whether the data have no columns other than <see cref="Names"/>.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The known names.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>What we know about a column.</summary>
    public ColumnState State(string name) =>
        _names.Contains(name) ? ColumnState.Possible
        : _dropped.Contains(name) ? ColumnState.Dropped
        : IsClosed ? ColumnState.Absent : ColumnState.Possible;

    /// <summary>Whether the data had, or may have had, the column at any point.</summary>
    public bool MayHaveHad(string name) => _ever.Contains(name) || _dropped.Contains(name) || !IsClosed;

    /// <summary>Records that a step added columns with unknown names.</summary>
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

    /// <summary>Keeps only these columns.</summary>
    public void Keep(IEnumerable<string> names)
    {
        string[] kept = [.. names];
        foreach (string gone in _names.Except(kept, StringComparer.OrdinalIgnoreCase).ToArray())
            Drop(gone);
        foreach (string name in kept)
            Add(name);
        IsClosed = true;
    }

    /// <summary>Adds the columns of a joined dataset.</summary>
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
