namespace Anovos.Mlflow.Tracking;

/// <summary>What of a run a search looks at.</summary>
internal enum RunField
{
    Metric,
    Param,
    Tag,
    TextAttribute,
    TimeAttribute,
}

/// <summary>One value of a run by the name that MLflow's search syntax gives it, as <c>metrics.rmse</c> or <c>status</c>.</summary>
internal sealed record RunKey(RunField Field, string Name)
{
    private const string Quotes = "\"`";
    private const string Attributes = "run_id, run_name, status, user_id, artifact_uri, start_time, end_time";

    /// <summary>Whether it is compared as a number.</summary>
    public bool IsNumber => Field is RunField.Metric or RunField.TimeAttribute;

    /// <summary>Whether the run's params, metrics and tags must have been read; the oldest stores have its name in a tag only.</summary>
    public bool NeedsData => Field is RunField.Metric or RunField.Param or RunField.Tag || Name == "run_name";

    /// <summary>Reads it where the text stands.</summary>
    public static RunKey Read(SearchText text)
    {
        int start = text.Position;
        if (text.Quoted(Quotes) is { } quoted)
            return Attribute(text, quoted, start);

        string entity = text.Word();
        if (entity.Length == 0)
            throw text.Fail("a name is expected, as metrics.rmse, params.model, tags.team or status");
        if (text.Next != '.')
            return Attribute(text, entity is "run" or "Run" && text.TryWord("name") ? "run name" : entity, start);

        RunField? field = entity switch
        {
            "metric" or "metrics" => RunField.Metric,
            "param" or "params" or "parameter" or "parameters" => RunField.Param,
            "tag" or "tags" => RunField.Tag,
            "attr" or "attribute" or "attributes" or "run" => RunField.TextAttribute,
            "dataset" or "datasets" => throw text.Fail("a directory store cannot be searched by data set", start),
            _ => throw text.Fail($"'{entity}' is none of metrics, params, tags and attributes", start),
        };
        text.TrySymbol(".");
        string name = text.Next == '\0' || char.IsWhiteSpace(text.Next) ? "" : text.Quoted(Quotes) ?? text.DottedWord();
        if (name.Length == 0)
            throw text.Fail($"a name is expected after '{entity}.'");
        if (text.Next is '-' or '/' or ':')
            throw text.Fail($"a name with other signs than letters, digits, '_' and '.' goes in quotes, as {entity}.\"a/b\"");
        return field == RunField.TextAttribute ? Attribute(text, name, start) : new RunKey(field.Value, name);
    }

    /// <summary>The run's value as a number; null when it has none.</summary>
    public double? Number(Run run) => (Field, Name) switch
    {
        (RunField.Metric, _) => run.Metrics.TryGetValue(Name, out double value) ? value : null,
        (_, "start_time") => run.StartTime.ToUnixTimeMilliseconds(),
        _ => run.EndTime?.ToUnixTimeMilliseconds(),
    };

    /// <summary>The run's value as text; null when it has none.</summary>
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

    private static RunKey Attribute(SearchText text, string name, int start) => name switch
    {
        "run_id" or "run_name" or "status" or "user_id" or "artifact_uri" => new RunKey(RunField.TextAttribute, name),
        "run name" or "Run name" or "Run Name" => new RunKey(RunField.TextAttribute, "run_name"),
        "start_time" or "end_time" => new RunKey(RunField.TimeAttribute, name),
        "created" or "Created" => new RunKey(RunField.TimeAttribute, "start_time"),
        _ => throw text.Fail($"there is no attribute '{name}'; there are {Attributes}", start),
    };
}
