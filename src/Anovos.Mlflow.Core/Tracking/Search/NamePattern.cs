using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A name as a script gives it. It means the thing with exactly that name; if there is none, the thing with the name without
/// PowerShell's backticks; if there is none either, all that the wildcards match. Only <c>*</c> and <c>?</c> are wildcards,
/// and case counts.
/// </summary>
public sealed class NamePattern
{
    // Backticks before other characters belong to the name, as in WildcardPattern.Unescape.
    private const string Escaped = "*?[]`";

    // Noncharacters of Unicode, so that an escaped wildcard can stand beside a real one.
    private const char Any = '\uFFFE';
    private const char One = '\uFFFF';

    private readonly string _pattern;

    /// <summary>Reads a name.</summary>
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

    /// <summary>A name that means the thing with exactly that name only.</summary>
    public static NamePattern Literal(string name) => new(name, name);

    /// <summary>The exact names that it may mean, in order of precedence: as given, and without backticks.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether it has wildcards.</summary>
    public bool HasWildcards => _pattern.IndexOfAny([Any, One]) >= 0;

    /// <summary>Writes a name so that it contains no wildcards.</summary>
    public static string Escape(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (char character in name)
            text.Append(Escaped.IndexOf(character) >= 0 ? "`" : "").Append(character);
        return text.ToString();
    }

    /// <summary>Whether a thing of that name may be meant: by an exact name or by the wildcards.</summary>
    public bool Matches(string name) =>
        Names.Contains(name, StringComparer.Ordinal) || new LikePattern(_pattern, ignoreCase: false, Any, One).Matches(name);

    /// <summary>The names among those given that are meant; empty for none.</summary>
    public IReadOnlyList<string> Among(IReadOnlyCollection<string> names)
    {
        string? exact = Names.FirstOrDefault(name => names.Contains(name, StringComparer.Ordinal));
        return exact is not null ? [exact] : [.. names.Where(Matches)];
    }

    /// <summary>The thing with the exact name; null if there is none.</summary>
    /// <param name="find">Asks a store for a thing by its name.</param>
    /// <param name="nameOf">The name of a thing.</param>
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
                // Nothing can have this name, as on Databricks one that is not a path: it can only be a pattern.
            }
        }

        return null;
    }

    /// <summary>The pattern in the syntax of SQL's LIKE, which may match more: it has no escape that all servers understand.</summary>
    internal string ToLike() => _pattern.Replace(Any, '%').Replace(One, '_').Replace('\\', '_');

    /// <summary>The name as the script gives it.</summary>
    public override string ToString() => Names[0];

    // Servers over some databases ignore case.
    private static bool DifferOnlyInCase(string a, string b) => a != b && string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
