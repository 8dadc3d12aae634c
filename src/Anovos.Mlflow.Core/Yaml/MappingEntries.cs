namespace Anovos.Mlflow.Yaml;

/// <summary>
/// Collects the entries of one mapping, in the order of Python's dict: merged entries first, overridden by the mapping's own entries.
/// </summary>
internal sealed class MappingEntries
{
    // A longer key is not a name, and a key is repeated in the dotted key of everything below it.
    private const int LongestKey = 1024;

    private readonly List<YamlEntry> _own = [];
    private readonly Dictionary<string, YamlScalar> _ownKeys = new(StringComparer.Ordinal);
    private readonly List<YamlEntry> _merged = [];

    /// <summary>Adds an entry of the mapping itself.</summary>
    /// <exception cref="YamlFault">The key is too long, or the mapping already has it.</exception>
    public void Add(YamlScalar key, YamlNode value)
    {
        if (key.Text.Length > LongestKey)
        {
            throw new YamlFault(key.Position, $"A key has {key.Text.Length} characters, but at most {LongestKey} are allowed.",
                "Check whether a ': ' is in the wrong place.");
        }

        if (_ownKeys.TryGetValue(Identity(key), out YamlScalar? first))
        {
            throw new YamlFault(key.Position,
                $"The key '{YamlScalar.Quote(key.Text)}' appears a second time here. The first is in line {first.Position.Line}.",
                $"Anovos would silently ignore line {first.Position.Line}. Remove or rename one of the two keys.");
        }

        _ownKeys.Add(Identity(key), key);
        _own.Add(new YamlEntry(key, value));
    }

    /// <summary>Adds the value of a <c>&lt;&lt;</c>: a mapping, or a list of mappings, where earlier mappings take precedence.</summary>
    /// <exception cref="YamlFault">The value is of another type.</exception>
    public void Merge(YamlNode value)
    {
        // Later entries override earlier entries, so a list is added in reverse order.
        IEnumerable<YamlNode> sources = value is YamlSequence list ? list.Items.Reverse() : [value];
        foreach (YamlNode source in sources)
        {
            if (source is not YamlMapping mapping)
            {
                throw new YamlFault(value.Position, $"'<<' merges mappings, but this is {source.Description}.",
                    "Write an alias such as *defaults, or a list of aliases.");
            }

            _merged.AddRange(mapping.Entries);
        }
    }

    /// <summary>Returns the entries of the mapping, with each key once.</summary>
    public IReadOnlyList<YamlEntry> ToList()
    {
        if (_merged.Count == 0)
            return _own;

        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var entries = new List<YamlEntry>();
        foreach (YamlEntry entry in _merged.Concat(_own))
        {
            string identity = Identity(entry.Key);
            if (places.TryGetValue(identity, out int place))
            {
                entries[place] = entry;
            }
            else
            {
                places.Add(identity, entries.Count);
                entries.Add(entry);
            }
        }

        return entries;
    }

    /// <summary>Returns a text that is equal for keys that Python's dict treats as the same.</summary>
    private static string Identity(YamlScalar key) => key.Kind switch
    {
        YamlKind.String => "text " + key.Value,
        YamlKind.Integer or YamlKind.Float => "number " + key.Value,
        _ => key.Kind + " " + key.Value,
    };
}
