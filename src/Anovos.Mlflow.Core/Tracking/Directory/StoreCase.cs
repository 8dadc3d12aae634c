namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Detects whether the disk of a directory store distinguishes keys that differ only in case. Tested once, at the first write.
/// </summary>
/// <param name="root">The folder of the store.</param>
/// <param name="ignoresCase">Whether the disk ignores case; null to test it.</param>
internal sealed class StoreCase(string root, bool? ignoresCase)
{
    private readonly Lazy<bool> _ignoresCase = new(() => ignoresCase ?? CaseProbe.IgnoresCase(root));

    /// <summary>
    /// Finds two keys that would have the same file, or the same folder with different spellings. Null if there are none.
    /// </summary>
    /// <param name="keys">The keys to write.</param>
    /// <param name="present">Reads the existing keys.</param>
    public (string Key, string Other)? FindMerged(IEnumerable<string> keys, Func<IEnumerable<string>> present)
    {
        if (!_ignoresCase.Value)
            return null;
        var names = new Dictionary<string, (string Name, string Key)>(StringComparer.Ordinal);
        foreach (string key in present())
        {
            foreach (string name in Parts(key))
                names[Folded(name)] = (name, key);
        }

        foreach (string key in keys)
        {
            foreach (string name in Parts(key))
            {
                if (!names.TryGetValue(Folded(name), out (string Name, string Key) other))
                    names.Add(Folded(name), (name, key));
                else if (other.Name != name)
                    return (key, other.Key);
            }
        }

        return null;
    }

    // For a/b/c: a, a/b, a/b/c.
    private static IEnumerable<string> Parts(string key)
    {
        for (int slash = key.IndexOf('/'); slash >= 0; slash = key.IndexOf('/', slash + 1))
            yield return key.Substring(0, slash);
        yield return key;
    }

    private static string Folded(string name) => name.ToUpperInvariant();
}
