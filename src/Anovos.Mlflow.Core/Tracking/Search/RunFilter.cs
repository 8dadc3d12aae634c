namespace Anovos.Mlflow.Tracking;

/// <summary>A filter in MLflow's search syntax: comparisons joined by AND.</summary>
internal sealed class RunFilter
{
    private readonly List<RunCondition> _conditions = [];

    private RunFilter()
    {
    }

    /// <summary>The comparisons.</summary>
    public IReadOnlyList<RunCondition> Conditions => _conditions;

    /// <summary>Whether it reads params, metrics, tags or datasets.</summary>
    public bool NeedsData => _conditions.Exists(condition => condition.Key.NeedsData);

    /// <summary>Parses a filter. Null and blank text let every run pass.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/>; the message says where the error is and what is allowed.
    /// </exception>
    public static RunFilter Parse(string? filter)
    {
        var parsed = new RunFilter();
        var text = new SearchText(filter ?? "", "filter");
        if (text.End)
            return parsed;

        do
        {
            RunKey key = RunKey.Read(text);
            parsed._conditions.Add(key.IsNumber ? NumberCondition(key, text) : TextCondition(key, text));
        }
        while (text.TryWord("AND"));

        int rest = text.Position;
        if (!text.End)
            throw text.Fail(text.TryWord("OR") ? "OR is not supported, only AND" : "AND or the end is expected", rest);
        return parsed;
    }

    /// <summary>Whether the run passes.</summary>
    public bool Matches(Run run) => _conditions.TrueForAll(condition => condition.Matches(run));

    private static RunCondition NumberCondition(RunKey key, SearchText text)
    {
        Comparison comparison =
            text.TrySymbol("<=") ? Comparison.LessOrEqual :
            text.TrySymbol(">=") ? Comparison.GreaterOrEqual :
            text.TrySymbol("!=") ? Comparison.NotEqual :
            text.TrySymbol("<") ? Comparison.Less :
            text.TrySymbol(">") ? Comparison.Greater :
            text.TrySymbol("=") ? Comparison.Equal :
            throw text.Fail($"'{key.Name}' is a number: =, !=, <, <=, > or >= is expected");
        return new RunCondition(key, comparison) { Number = text.Number(whole: key.Field == RunField.TimeAttribute) };
    }

    private static RunCondition TextCondition(RunKey key, SearchText text)
    {
        if (key.Field is RunField.Param or RunField.Tag && text.TryWord("IS"))
            return NullCondition(key, text);

        bool isNot = text.TryWord("NOT");
        if (text.TryWord("IN"))
            return new RunCondition(key, isNot ? Comparison.NotIn : Comparison.In) { Texts = Values(key, text) };
        Comparison? comparison =
            isNot ? null :
            text.TrySymbol("=") ? Comparison.Equal :
            text.TrySymbol("!=") ? Comparison.NotEqual :
            text.TryWord("LIKE") ? Comparison.Like :
            text.TryWord("ILIKE") ? Comparison.LikeIgnoringCase : null;
        return comparison is { } found
            ? new RunCondition(key, found) { Texts = [Value(text)] }
            : throw text.Fail($"'{key.Name}' is text: =, !=, LIKE or ILIKE{(key.TakesList ? ", IN or NOT IN" : "")} is expected");
    }

    private static RunCondition NullCondition(RunKey key, SearchText text)
    {
        bool isNot = text.TryWord("NOT");
        return text.TryWord("NULL")
            ? new RunCondition(key, isNot ? Comparison.IsNotNull : Comparison.IsNull)
            : throw text.Fail("NULL or NOT NULL is expected");
    }

    private static List<string> Values(RunKey key, SearchText text)
    {
        if (!key.TakesList)
            throw text.Fail("only run_id and the fields of a dataset can be compared with a list");
        if (!text.TrySymbol("("))
            throw text.Fail("a list is expected, such as ('a', 'b')");
        var values = new List<string>();
        do
            values.Add(Value(text));
        while (text.TrySymbol(","));
        return text.TrySymbol(")") ? values : throw text.Fail("',' or ')' is expected");
    }

    private static string Value(SearchText text) => text.Quoted("'\"")
        ?? throw text.Fail("a text in quotes is expected, such as 'tree'");
}
