namespace Anovos.Mlflow.Tracking;

/// <summary>
/// What runs are asked for, beside a filter of one's own: turned into MLflow's search syntax as far as that can say it, so that a
/// server narrows the search, and compared with each run that comes for what it cannot.
/// </summary>
public sealed record RunQuery
{
    private static readonly RunStatus[] AllStatuses = [.. Enum.GetValues(typeof(RunStatus)).Cast<RunStatus>()];

    /// <summary>Only runs with one of these statuses; all when there is none.</summary>
    public IReadOnlyList<RunStatus> Statuses { get; init; } = [];

    /// <summary>Only runs that began then or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only runs of this name; <c>*</c> and <c>?</c> are wildcards.</summary>
    public string? Name { get; init; }

    /// <summary>Only runs with all these tags; <c>*</c> and <c>?</c> are wildcards in the values.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>A filter in MLflow's search syntax that must be met as well.</summary>
    public string? Filter { get; init; }

    /// <summary>The statuses of those names; case does not count.</summary>
    /// <exception cref="ArgumentException">A name is none.</exception>
    public static IReadOnlyList<RunStatus> StatusesOf(IEnumerable<string> names) => [.. names.Select(name => (RunStatus)Enum.Parse(typeof(RunStatus), name, ignoreCase: true))];

    /// <summary>The filter to search with; null where all runs are asked for.</summary>
    public string? ToFilter()
    {
        List<string> conditions = [];

        // There is no OR, and no list but of run ids.
        if (Statuses.Count == 1)
            conditions.Add($"attributes.status = '{Spelled(Statuses[0])}'");
        else if (Statuses.Count > 1)
            conditions.AddRange(AllStatuses.Except(Statuses).Select(status => $"attributes.status != '{Spelled(status)}'"));
        if (Since is { } since)
            conditions.Add(FormattableString.Invariant($"attributes.start_time >= {since.ToUnixTimeMilliseconds()}"));
        if (Name is not null)
            Add(conditions, "attributes.run_name", Name);
        foreach (Tag tag in Tags)
            Add(conditions, $"tags.`{tag.Key}`", tag.Value);
        if (SearchText.NullIfEmpty(Filter) is { } filter)
            conditions.Add(filter);
        return conditions.Count == 0 ? null : string.Join(" and ", conditions);
    }

    /// <summary>Whether the run has the name and the tags.</summary>
    public bool Matches(Run run) =>
        (Name is null || Matches(Name, run.RunName))
        && Tags.All(tag => run.Tags.TryGetValue(tag.Key, out string? value) && Matches(tag.Value, value));

    private static void Add(List<string> conditions, string key, string pattern)
    {
        // A text in quotes cannot hold those quotes: one with both is left to the comparison.
        if (pattern.Contains('\'') && pattern.Contains('"'))
            return;
        char quote = pattern.Contains('\'') ? '"' : '\'';
        conditions.Add(HasWildcards(pattern)
            ? $"{key} LIKE {quote}{pattern.Replace('*', '%').Replace('?', '_')}{quote}"
            : $"{key} = {quote}{pattern}{quote}");
    }

    private static bool HasWildcards(string pattern) => pattern.IndexOfAny(['*', '?']) >= 0;

    // LIKE takes '%' and '_' for wildcards too, so it finds what this must leave out.
    private static bool Matches(string pattern, string text) => HasWildcards(pattern) ? new LikePattern(pattern, ignoreCase: false, any: '*', one: '?').Matches(text) : pattern == text;

    private static string Spelled(RunStatus status) => status.ToString().ToUpperInvariant();
}
