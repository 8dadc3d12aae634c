namespace Anovos.Mlflow.Tracking;

/// <summary>A filter in MLflow's search syntax: comparisons joined by AND.</summary>
internal sealed class RunFilter
{
    private readonly List<Func<Run, bool>> _conditions = [];

    private RunFilter()
    {
    }

    /// <summary>Whether it looks at params, metrics, tags or datasets.</summary>
    public bool NeedsData { get; private set; }

    /// <summary>Reads a filter; null and blanks let every run pass.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>; the message says where and what is allowed.</exception>
    public static RunFilter Parse(string? filter)
    {
        var parsed = new RunFilter();
        var text = new SearchText(filter ?? "", "filter");
        if (text.End)
            return parsed;

        do
        {
            RunKey key = RunKey.Read(text);
            parsed.NeedsData |= key.NeedsData;
            parsed._conditions.Add(key.IsNumber ? NumberCondition(key, text) : TextCondition(key, text));
        }
        while (text.TryWord("AND"));

        int rest = text.Position;
        if (!text.End)
            throw text.Fail(text.TryWord("OR") ? "OR is not supported, only AND" : "AND or the end is expected", rest);
        return parsed;
    }

    /// <summary>Whether the run passes.</summary>
    public bool Matches(Run run) => _conditions.TrueForAll(condition => condition(run));

    private static Func<Run, bool> NumberCondition(RunKey key, SearchText text)
    {
        Func<double, double, bool> compare =
            text.TrySymbol("<=") ? (a, b) => a <= b :
            text.TrySymbol(">=") ? (a, b) => a >= b :
            text.TrySymbol("!=") ? (a, b) => a != b :
            text.TrySymbol("<") ? (a, b) => a < b :
            text.TrySymbol(">") ? (a, b) => a > b :
            text.TrySymbol("=") ? (a, b) => a == b :
            throw text.Fail($"'{key.Name}' is a number: =, !=, <, <=, > or >= is expected");
        double value = text.Number(whole: key.Field == RunField.TimeAttribute);
        return run => key.Number(run) is { } number && compare(number, value);
    }

    private static Func<Run, bool> TextCondition(RunKey key, SearchText text)
    {
        if (key.Field is RunField.Param or RunField.Tag && text.TryWord("IS"))
            return NullCondition(key, text);

        bool isNot = text.TryWord("NOT");
        if (text.TryWord("IN"))
        {
            HashSet<string> values = Values(key, text);
            return Any(key, found => values.Contains(found) != isNot);
        }

        if (!isNot && text.TrySymbol("="))
        {
            string value = Value(text);
            return Any(key, found => found == value);
        }

        if (!isNot && text.TrySymbol("!="))
        {
            string value = Value(text);
            return Any(key, found => found != value);
        }

        bool isLike = !isNot && text.TryWord("LIKE");
        if (isLike || (!isNot && text.TryWord("ILIKE")))
            return Any(key, new LikePattern(Value(text), ignoreCase: !isLike).Matches);

        throw text.Fail($"'{key.Name}' is text: =, !=, LIKE or ILIKE{(key.TakesList ? ", IN or NOT IN" : "")} is expected");
    }

    // As in MLflow's stores, a value that a run does not have passes no comparison, not even !=. One of several datasets is enough.
    private static Func<Run, bool> Any(RunKey key, Func<string, bool> passes) => run => key.Texts(run).Any(passes);

    private static Func<Run, bool> NullCondition(RunKey key, SearchText text)
    {
        bool wanted = text.TryWord("NOT");
        return text.TryWord("NULL") ? run => key.Text(run) is not null == wanted : throw text.Fail("NULL or NOT NULL is expected");
    }

    private static HashSet<string> Values(RunKey key, SearchText text)
    {
        if (!key.TakesList)
            throw text.Fail("only run_id and what a dataset has are compared with a list");
        if (!text.TrySymbol("("))
            throw text.Fail("a list is expected, as ('a', 'b')");
        var values = new HashSet<string>(StringComparer.Ordinal);
        do
            values.Add(Value(text));
        while (text.TrySymbol(","));
        return text.TrySymbol(")") ? values : throw text.Fail("',' or ')' is expected");
    }

    private static string Value(SearchText text) => text.Quoted("'\"")
        ?? throw text.Fail("a text in quotes is expected, as 'tree'");
}
