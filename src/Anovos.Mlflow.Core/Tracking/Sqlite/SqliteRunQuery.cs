namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Translates a filter and an order of runs into SQL, with the same meaning as <see cref="RunFilter"/> and <see cref="RunOrder"/>.
/// </summary>
/// <remarks>Texts are ordered as UTF-8, as in MLflow's databases; <see cref="RunOrder"/> differs for characters beyond U+D7FF.</remarks>
internal sealed class SqliteRunQuery
{
    // SQLite's LIKE ignores the case of ASCII letters only.
    private const string Like = "matches_like";

    private const string Start = "ifnull(r.start_time, 0)";

    // For the plus, see SqliteInputs.
    private const string DatasetsOfRun = """
        SELECT 1 FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id LEFT JOIN input_tags c
        ON c.input_uuid = i.input_uuid AND c.name = 'mlflow.data.context'
        WHERE i.destination_type = 'RUN' AND i.destination_id = r.run_uuid AND +i.source_type = 'DATASET'
        """;

    private readonly List<(string, object?)> _parameters = [];

    /// <summary>Returns the ids of the runs that a search finds, in order.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a filter or an order that cannot be parsed.</exception>
    public static List<string> Ids(SqliteSession session, RunSearch search)
    {
        var query = new SqliteRunQuery();
        string sql = query.Text(session, search, RunFilter.Parse(search.Filter), RunOrder.Parse(search.OrderBy));
        session.CreateFunction(Like, (string? text, string pattern, bool ignoreCase) =>
            text is not null && new LikePattern(pattern, ignoreCase).Matches(text));
        return session.Query(sql, row => row.GetString(0), [.. query._parameters]);
    }

    private string Text(SqliteSession session, RunSearch search, RunFilter filter, RunOrder order)
    {
        string ids = Parameter(SqliteExperiments.ToJson(search.ExperimentIds));
        List<string> conditions =
        [
            $"r.lifecycle_stage {SqliteValues.Are(search.ViewType)}",
            $"""
            r.experiment_id IN (SELECT e.experiment_id FROM experiments e
            WHERE e.experiment_id IN (SELECT value FROM json_each({ids})){session.Schema.AndInWorkspace("e")})
            """,
            .. filter.Conditions.Select(Condition),
        ];
        List<string> joins = [], keys = [];
        foreach ((RunKey key, bool descending) in order.Keys)
        {
            (string rank, string value) = Order(key, joins);
            keys.Add($"{rank}, {value}{(descending ? " DESC" : "")}");
        }

        return $"""
            SELECT r.run_uuid FROM runs r {string.Join(" ", joins)} WHERE {string.Join(" AND ", conditions)}
            ORDER BY {string.Concat(keys.Select(key => key + ", "))}{Start} DESC, r.run_uuid
            """;
    }

    private string Condition(RunCondition condition) => condition.Key.Field switch
    {
        RunField.Metric => $"EXISTS ({Entry(condition.Key)} AND {NumberTest(condition)})",
        RunField.TimeAttribute => $"{Attribute(condition.Key)} {Symbol(condition)} {Parameter(condition.Number)}",
        RunField.Dataset => $"EXISTS ({DatasetsOfRun} AND {TextTest(OfDataset(condition.Key), condition)})",
        RunField.TextAttribute => TextTest(Attribute(condition.Key), condition),
        _ => condition.Comparison switch
        {
            Comparison.IsNull => $"NOT EXISTS ({Entry(condition.Key)})",
            Comparison.IsNotNull => $"EXISTS ({Entry(condition.Key)})",
            _ => $"EXISTS ({Entry(condition.Key)} AND {TextTest("ifnull(x.value, '')", condition)})",
        },
    };

    private string Entry(RunKey key) => $"SELECT 1 FROM {Table(key)} x WHERE x.run_uuid = r.run_uuid AND x.key = {Parameter(key.Name)}";

    // A NaN is stored as 0 with a flag. It differs from every number, and is neither less nor greater.
    private string NumberTest(RunCondition condition)
    {
        string test = $"x.value {Symbol(condition)} {Parameter(condition.Number)}";
        return condition.Comparison == Comparison.NotEqual ? $"(x.is_nan OR {test})" : $"NOT x.is_nan AND {test}";
    }

    private string TextTest(string text, RunCondition condition) => condition.Comparison switch
    {
        Comparison.In => $"{text} IN (SELECT value FROM json_each({Parameter(SqliteValues.ToJson(condition.Texts))}))",
        Comparison.NotIn => $"{text} NOT IN (SELECT value FROM json_each({Parameter(SqliteValues.ToJson(condition.Texts))}))",
        Comparison.Like => $"{Like}({text}, {Parameter(condition.Texts[0])}, 0)",
        Comparison.LikeIgnoringCase => $"{Like}({text}, {Parameter(condition.Texts[0])}, 1)",
        _ => $"{text} {Symbol(condition)} {Parameter(condition.Texts[0])}",
    };

    // In both directions, runs without the value are last, and runs with NaN are before them.
    private (string Rank, string Value) Order(RunKey key, List<string> joins)
    {
        if (key.Field is RunField.TextAttribute or RunField.TimeAttribute)
            return ($"{Attribute(key)} IS NULL", Attribute(key));
        string alias = $"o{joins.Count}";
        joins.Add($"LEFT JOIN {Table(key)} {alias} ON {alias}.run_uuid = r.run_uuid AND {alias}.key = {Parameter(key.Name)}");
        return key.Field == RunField.Metric
            ? ($"ifnull({alias}.is_nan, 2)", $"{alias}.value")
            : ($"{alias}.run_uuid IS NULL", $"ifnull({alias}.value, '')");
    }

    private static string OfDataset(RunKey key) => key.Name switch
    {
        "name" => "d.name",
        "digest" => "d.digest",
        _ => "c.value",
    };

    private static string Table(RunKey key) => key.Field switch
    {
        RunField.Metric => "latest_metrics",
        RunField.Param => "params",
        _ => "tags",
    };

    private static string Attribute(RunKey key) => key.Name switch
    {
        "run_id" => "r.run_uuid",
        // The oldest stores have the name only in the tag.
        "run_name" => """
            coalesce(nullif(r.name, ''), (SELECT n.value FROM tags n WHERE n.run_uuid = r.run_uuid AND n.key = 'mlflow.runName'), '')
            """,
        "status" => "ifnull(r.status, 'RUNNING')",
        "user_id" => "ifnull(r.user_id, '')",
        "artifact_uri" => "ifnull(r.artifact_uri, '')",
        "start_time" => Start,
        _ => "r.end_time",
    };

    private static string Symbol(RunCondition condition) => condition.Comparison switch
    {
        Comparison.Equal => "=",
        Comparison.NotEqual => "<>",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        _ => ">=",
    };

    private string Parameter(object value)
    {
        string name = $"$p{_parameters.Count}";
        _parameters.Add((name, value));
        return name;
    }
}
