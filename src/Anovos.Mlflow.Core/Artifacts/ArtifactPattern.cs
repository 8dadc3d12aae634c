namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Selects artifact paths: <c>*</c> and <c>?</c> within a segment, <c>**</c> across segments.
/// A pattern that matches a leading part of a path selects everything below it. Case-sensitive.
/// </summary>
public sealed class ArtifactPattern
{
    private const int MaxLength = 250;

    private readonly string _text;
    private readonly string[] _segments;

    private ArtifactPattern(string text)
    {
        _text = text;
        _segments = Segments(text);
    }

    /// <summary>Parses a pattern.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/>: it is empty, absolute, too long or contains <c>..</c>.
    /// </exception>
    public static ArtifactPattern Parse(string text) => WhyInvalid(text) is { } why
        ? throw new MlflowException(ErrorKind.InvalidValue,
            $"'{text}' is not a pattern: {why}. Write an artifact path such as data_transformer/*.")
        { Target = text }
        : new ArtifactPattern(text);

    /// <summary>Returns why a text is not a valid pattern, as a clause; null if it is valid.</summary>
    public static string? WhyInvalid(string text)
    {
        if (text.Length > MaxLength)
            return $"it has {text.Length} characters, but at most {MaxLength} are allowed";
        if (text.StartsWith("/", StringComparison.Ordinal) || text.StartsWith("\\", StringComparison.Ordinal) || text.Contains(":"))
            return "it is absolute, but artifact paths are relative to the run";
        if (Segments(text).Contains(".."))
            return "it contains '..'";
        return Segments(text).Length == 0 ? "it is empty" : null;
    }

    /// <summary>Whether the pattern matches the path or a leading part of it.</summary>
    /// <param name="path">An artifact path, such as <c>data_ingest/join_dataset</c>.</param>
    public bool Selects(string path)
    {
        // For each number of leading segments of the path: whether the pattern so far matches them.
        string[] segments = Segments(path);
        var matched = new bool[segments.Length + 1];
        matched[0] = true;
        foreach (string part in _segments)
        {
            var next = new bool[segments.Length + 1];
            for (int i = 0; i <= segments.Length; i++)
            {
                next[i] = part == "**"
                    ? matched[i] || (i > 0 && next[i - 1])
                    : i > 0 && matched[i - 1] && MatchesSegment(part, segments[i - 1]);
            }

            matched = next;
        }

        return matched.Contains(true);
    }

    /// <summary>The pattern as it was written.</summary>
    public override string ToString() => _text;

    private static string[] Segments(string path) =>
        path.Split('/', '\\').Where(segment => segment.Length > 0 && segment != ".").ToArray();

    /// <summary>Backtracks only to the last <c>*</c>, so the time is bounded by the product of the lengths.</summary>
    private static bool MatchesSegment(string pattern, string segment)
    {
        (int p, int s, int star, int resume) = (0, 0, -1, 0);
        while (s < segment.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = s;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == segment[s]))
            {
                p++;
                s++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                s = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern.Skip(p).All(c => c == '*');
    }
}
