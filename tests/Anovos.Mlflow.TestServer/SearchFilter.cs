using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.TestServer;

/// <summary>Returns the value of a field of a searched item: text, a number, or null if it has none.</summary>
internal delegate object? FieldReader(string kind, string key);

/// <summary>MLflow's search syntax in its simple forms: comparisons, LIKE and ILIKE, joined with AND.</summary>
internal static partial class SearchFilter
{
    /// <summary>Returns a predicate for a filter. Throws if the filter cannot be parsed.</summary>
    public static Func<FieldReader, bool> Parse(string filter)
    {
        var clauses = new List<Func<FieldReader, bool>>();
        for (int at = 0; at < filter.Length;)
        {
            var match = Clause().Match(filter, at);
            if (!match.Success)
                throw InvalidClause(filter[at..]);
            var (kind, key) = Field(match);
            var compare = Comparison(match.Groups["op"].Value.ToUpperInvariant(), match.Groups["value"].Value);
            clauses.Add(read => read(kind, key) is { } value && compare(value));
            at = match.Index + match.Length;
        }

        return read => clauses.TrueForAll(clause => clause(read));
    }

    /// <summary>Orders by keys such as <c>metrics.rmse DESC</c>. Items without the field come last.</summary>
    public static IOrderedEnumerable<T> Order<T>(IEnumerable<T> all, IReadOnlyList<string> keys, Func<T, FieldReader> reader)
    {
        var ordered = all.OrderBy(_ => 0);
        foreach (string orderBy in keys)
        {
            var match = OrderKey().Match(orderBy);
            if (!match.Success)
                throw ApiException.Invalid($"Invalid order_by clause '{orderBy}'.");
            var (kind, key) = Field(match);
            ordered = ordered.ThenBy(item => reader(item)(kind, key) is null);
            ordered = match.Groups["desc"].Success
                ? ordered.ThenByDescending(item => reader(item)(kind, key), FieldOrder)
                : ordered.ThenBy(item => reader(item)(kind, key), FieldOrder);
        }

        return ordered;
    }

    private static readonly Comparer<object?> FieldOrder = Comparer<object?>.Create((left, right) =>
        left is string text ? string.CompareOrdinal(text, right as string) : System.Collections.Comparer.Default.Compare(left, right));

    private static ApiException InvalidClause(string rest)
    {
        var words = rest.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => $"'{word}'");
        return ApiException.Invalid($"Invalid clause(s) in filter string: {string.Join(", ", words)}");
    }

    private static (string Kind, string Key) Field(Match match)
    {
        string kind = match.Groups["kind"].Value.ToUpperInvariant() switch
        {
            "METRIC" or "METRICS" => "metric",
            "PARAM" or "PARAMS" or "PARAMETER" or "PARAMETERS" => "param",
            "TAG" or "TAGS" => "tag",
            _ => "attribute",
        };
        return (kind, match.Groups["key"].Value.Trim('`', '"'));
    }

    private static Func<object, bool> Comparison(string op, string value)
    {
        if (op is "LIKE" or "ILIKE")
        {
            string pattern = "^" + Regex.Escape(value[1..^1]).Replace("%", ".*", StringComparison.Ordinal).Replace('_', '.') + "$";
            var options = RegexOptions.Singleline | (op == "ILIKE" ? RegexOptions.IgnoreCase : RegexOptions.None);
            return field => Regex.IsMatch(field.ToString()!, pattern, options);
        }

        string text = value.Trim('\'', '"');
        _ = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
        return field =>
        {
            int order = field is double left ? left.CompareTo(number) : string.CompareOrdinal((string)field, text);
            return op switch { "=" => order == 0, "!=" => order != 0, "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
        };
    }

    private const string FieldPattern =
        @"\G\s*(?:(?<kind>metrics?|param(?:eter)?s?|tags?|attributes?|attr|run)\.)?(?<key>`[^`]+`|""[^""]+""|[\w./-]+)\s*";

    private const string ComparisonPattern = @"(?<op><=|>=|!=|=|<|>|I?LIKE\b)\s*(?<value>'[^']*'|""[^""]*""|[-+\w.]+)\s*(?:AND\s+|$)";

    [GeneratedRegex(FieldPattern + ComparisonPattern, RegexOptions.IgnoreCase)]
    private static partial Regex Clause();

    [GeneratedRegex(FieldPattern + @"(?:ASC|(?<desc>DESC))?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex OrderKey();
}
