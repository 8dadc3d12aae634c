namespace Anovos.Mlflow.Yaml;

/// <summary>
/// Gathers the entries of one mapping: merged ones first, overridden by the mapping's own, in the order of Python's dict.
/// </summary>
internal sealed class MappingEntries
{
    // Longer ones are no names, and a key is repeated in the dotted key of everything below it.
    private const int LongestKey = 1024;

    private readonly List<YamlEntry> _own = [];
    private readonly Dictionary<string, YamlScalar> _ownKeys = new(StringComparer.Ordinal);
    private readonly List<YamlEntry> _merged = [];

    /// <summary>Adds an entry that the mapping itself has.</summary>
    /// <exception cref="YamlFault">It has the key already.</exception>
    public void Add(YamlScalar key, YamlNode value)
    {
        if (key.Text.Length > LongestKey)
        {
            throw new YamlFault(key.Position, $"A key has {key.Text.Length} characters; {LongestKey} are allowed.",
                "Is a ': ' in the wrong place?");
        }

        if (_ownKeys.TryGetValue(Identity(key), out YamlScalar? first))
        {
            throw new YamlFault(key.Position,
                $"The key '{YamlScalar.Quote(key.Text)}' is here a second time; the first is in line {first.Position.Line}.",
                $"Anovos would ignore line {first.Position.Line} in silence: remove or rename one of them.");
        }

        _ownKeys.Add(Identity(key), key);
        _own.Add(new YamlEntry(key, value));
    }

    /// <summary>Adds what a <c>&lt;&lt;</c> brings: a mapping, or a list of which an earlier one wins.</summary>
    /// <exception cref="YamlFault">The value is something else.</exception>
    public void Merge(YamlNode value)
    {
        // Later entries override earlier ones, hence a list goes in backwards.
        IEnumerable<YamlNode> sources = value is YamlSequence list ? list.Items.Reverse() : [value];
        foreach (YamlNode source in sources)
        {
            if (source is not YamlMapping mapping)
            {
                throw new YamlFault(value.Position, $"'<<' merges mappings, and this is {source.Description}.",
                    "Write an alias such as *defaults, or a list of aliases.");
            }

            _merged.AddRange(mapping.Entries);
        }
    }

    /// <summary>The entries of the mapping, a key once.</summary>
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

    /// <summary>Equal for what Python's dict takes for the same key.</summary>
    private static string Identity(YamlScalar key) => key.Kind switch
    {
        YamlKind.String => "text " + key.Value,
        YamlKind.Integer or YamlKind.Float => "number " + key.Value,
        _ => key.Kind + " " + key.Value,
    };
}
