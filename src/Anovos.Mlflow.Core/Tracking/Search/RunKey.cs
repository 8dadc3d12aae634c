namespace Anovos.Mlflow.Tracking;

/// <summary>The kind of a run's field.</summary>
internal enum RunField
{
    Metric,
    Param,
    Tag,
    TextAttribute,
    TimeAttribute,
    Dataset,
}

/// <summary>A field of a run, by its name in MLflow's search syntax, such as <c>metrics.rmse</c> or <c>status</c>.</summary>
internal sealed record RunKey(RunField Field, string Name)
{
    private const string Quotes = "\"`";
    private const string Attributes = "run_id, run_name, status, user_id, artifact_uri, start_time, end_time";

    /// <summary>Whether it is compared as a number.</summary>
    public bool IsNumber => Field is RunField.Metric or RunField.TimeAttribute;

    /// <summary>Whether reading it needs more than the run's own file. The oldest stores keep the run's name only in a tag.</summary>
    public bool NeedsData => Field is not (RunField.TextAttribute or RunField.TimeAttribute) || Name == "run_name";

    /// <summary>Whether it can be compared with a list.</summary>
    public bool TakesList => Field == RunField.Dataset || (Field == RunField.TextAttribute && Name == "run_id");

    /// <summary>Parses a key at the current position.</summary>
    public static RunKey Read(SearchText text)
    {
        int start = text.Position;
        bool isBackticked = text.Next == '`';
        string? quoted = text.Quoted(Quotes);
        if (quoted is not null && !(isBackticked && text.Next == '.'))
            return Attribute(text, quoted, start);

        string entity = quoted ?? text.Word();
        if (entity.Length == 0)
            throw text.Fail("a name is expected, such as metrics.rmse, params.model, tags.team or status");
        if (text.Next != '.')
            return Attribute(text, entity is "run" or "Run" && text.TryWord("name") ? "run name" : entity, start);

        RunField? field = entity switch
        {
            "metric" or "metrics" => RunField.Metric,
            "param" or "params" or "parameter" or "parameters" => RunField.Param,
            "tag" or "tags" => RunField.Tag,
            "attr" or "attribute" or "attributes" or "run" => RunField.TextAttribute,
            "dataset" or "datasets" => RunField.Dataset,
            _ => throw text.Fail($"'{entity}' is not metrics, params, tags, attributes or dataset", start),
        };
        text.TrySymbol(".");
        string name = text.Next == '\0' || char.IsWhiteSpace(text.Next) ? "" : QuotedName(text) ?? text.DottedWord();
        if (name.Length == 0)
            throw text.Fail($"a name is expected after '{entity}.'");
        if (text.Next is '-' or '/' or ':')
            throw text.Fail($"a name with characters other than letters, digits, '_' and '.' must be in quotes, as in {entity}.\"a/b\"");
        return field switch
        {
            RunField.TextAttribute => Attribute(text, name, start),
            RunField.Dataset when name is not ("name" or "digest" or "context") =>
                throw text.Fail($"a dataset has no '{name}'; it has name, digest and context", start),
            _ => new RunKey(field.Value, name),
        };
    }

    /// <summary>Returns the run's value as a number; null if it has none.</summary>
    public double? Number(Run run) => (Field, Name) switch
    {
        (RunField.Metric, _) => run.Metrics.TryGetValue(Name, out double value) ? value : null,
        (_, "start_time") => run.StartTime.ToUnixTimeMilliseconds(),
        _ => run.EndTime?.ToUnixTimeMilliseconds(),
    };

    /// <summary>Returns the run's values as text: one for each dataset, otherwise at most one.</summary>
    public IEnumerable<string> Texts(Run run) => Field == RunField.Dataset
        ? run.Inputs.SelectMany(OfDataset)
        : Text(run) is { } text ? [text] : [];

    /// <summary>Returns the run's value as text; null if it has none.</summary>
    public string? Text(Run run) => (Field, Name) switch
    {
        (RunField.Param, _) => run.Params.TryGetValue(Name, out string? value) ? value : null,
        (RunField.Tag, _) => run.Tags.TryGetValue(Name, out string? value) ? value : null,
        (_, "run_id") => run.RunId,
        (_, "run_name") => run.RunName,
        (_, "status") => run.Status.ToString().ToUpperInvariant(),
        (_, "user_id") => run.UserId,
        _ => run.ArtifactUri,
    };

    // MLflow also removes backticks within other quotes.
    private static string? QuotedName(SearchText text)
    {
        bool isBackticked = text.Next == '`';
        string? name = text.Quoted(Quotes + "'");
        return !isBackticked && name is ['`', .., '`'] ? name.Substring(1, name.Length - 2) : name;
    }

    private IEnumerable<string> OfDataset(DatasetInput input) => Name switch
    {
        "name" => [input.Name],
        "digest" => [input.Digest],
        _ => input.Tags.Where(tag => tag.Key == DatasetInput.ContextTag).Select(tag => tag.Value),
    };

    private static RunKey Attribute(SearchText text, string name, int start) => name switch
    {
        "run_id" or "run_name" or "status" or "user_id" or "artifact_uri" => new RunKey(RunField.TextAttribute, name),
        "run name" or "Run name" or "Run Name" => new RunKey(RunField.TextAttribute, "run_name"),
        "start_time" or "end_time" => new RunKey(RunField.TimeAttribute, name),
        "created" or "Created" => new RunKey(RunField.TimeAttribute, "start_time"),
        _ => throw text.Fail($"there is no attribute '{name}'; the attributes are {Attributes}", start),
    };
}
