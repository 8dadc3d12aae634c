using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A name as a script writes it. It matches the item with exactly that name. If there is none, it matches the item with the name without
/// PowerShell's backticks. If there is none either, it matches all items that the wildcards match. Only <c>*</c> and <c>?</c> are
/// wildcards. Case matters.
/// </summary>
public sealed class NamePattern
{
    // Backticks before other characters belong to the name, as in WildcardPattern.Unescape.
    private const string Escaped = "*?[]`";

    // Noncharacters of Unicode, so that an escaped wildcard and a real one can be in the same pattern.
    private const char Any = '\uFFFE';
    private const char One = '\uFFFF';

    private readonly string _pattern;

    /// <summary>Parses a name.</summary>
    public NamePattern(string text)
    {
        var plain = new StringBuilder(text.Length);
        var pattern = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            bool escaped = text[at] == '`' && at + 1 < text.Length && Escaped.IndexOf(text[at + 1]) >= 0;
            char character = escaped ? text[++at] : text[at];
            plain.Append(character);
            pattern.Append(escaped ? character : character switch { '*' => Any, '?' => One, _ => character });
        }

        _pattern = pattern.ToString();
        Names = plain.Length == text.Length ? [text] : [text, plain.ToString()];
    }

    private NamePattern(string name, string pattern) => (Names, _pattern) = ([name], pattern);

    /// <summary>Creates a pattern that matches only the item with exactly that name.</summary>
    public static NamePattern Literal(string name) => new(name, name);

    /// <summary>The exact names that it may match, in order of precedence: as given, and without backticks.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether it has wildcards.</summary>
    public bool HasWildcards => _pattern.IndexOfAny([Any, One]) >= 0;

    /// <summary>Escapes a name so that it contains no wildcards.</summary>
    public static string Escape(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (char character in name)
            text.Append(Escaped.IndexOf(character) >= 0 ? "`" : "").Append(character);
        return text.ToString();
    }

    /// <summary>Whether an item with that name may match: by an exact name or by the wildcards.</summary>
    public bool Matches(string name) =>
        Names.Contains(name, StringComparer.Ordinal) || new LikePattern(_pattern, ignoreCase: false, Any, One).Matches(name);

    /// <summary>Returns the given names that match; empty if none does.</summary>
    public IReadOnlyList<string> Among(IReadOnlyCollection<string> names)
    {
        string? exact = Names.FirstOrDefault(name => names.Contains(name, StringComparer.Ordinal));
        return exact is not null ? [exact] : [.. names.Where(Matches)];
    }

    /// <summary>Returns the item with the exact name; null if there is none.</summary>
    /// <param name="find">Finds an item in a store by its name.</param>
    /// <param name="nameOf">Returns the name of an item.</param>
    public async Task<T?> FindAsync<T>(Func<string, Task<T?>> find, Func<T, string> nameOf)
        where T : class
    {
        foreach (string name in Names)
        {
            try
            {
                if (await find(name).ConfigureAwait(false) is { } found && !DifferOnlyInCase(nameOf(found), name))
                    return found;
            }
            catch (MlflowException e) when (HasWildcards && e.Kind == ErrorKind.InvalidValue)
            {
                // No item can have this name, for example a name on Databricks that is not a path. It can only be a pattern.
            }
        }

        return null;
    }

    /// <summary>
    /// Returns the pattern in the syntax of SQL's LIKE. It may match more, because LIKE has no escape that all servers understand.
    /// </summary>
    internal string ToLike() => _pattern.Replace(Any, '%').Replace(One, '_').Replace('\\', '_');

    /// <summary>The name as the script writes it.</summary>
    public override string ToString() => Names[0];

    // Servers over some databases ignore case.
    private static bool DifferOnlyInCase(string a, string b) => a != b && string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
