namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Conditions on runs in addition to a user's filter. They are translated into MLflow's search syntax as far as it allows, so that a server
/// narrows the search. The rest is checked on each run that the search returns.
/// </summary>
public sealed record RunQuery
{
    private const string RunNameKey = "attributes.run_name";

    private static readonly RunStatus[] AllStatuses = [.. Enum.GetValues(typeof(RunStatus)).Cast<RunStatus>()];

    /// <summary>The allowed statuses; empty for all.</summary>
    public IReadOnlyList<RunStatus> Statuses { get; init; } = [];

    /// <summary>The earliest start time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The name of the runs, in the syntax of <see cref="NamePattern"/>.</summary>
    public string? Name { get; init; }

    /// <summary>Whether <see cref="Name"/> is the exact name.</summary>
    public bool NameIsExact { get; init; }

    /// <summary>Tags that a run must all have. A value matches literally, or as a <see cref="NamePattern"/>.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>A filter in MLflow's search syntax that must match as well.</summary>
    public string? Filter { get; init; }

    /// <summary>Returns the statuses with those names, ignoring case.</summary>
    /// <exception cref="ArgumentException">A name is not a status.</exception>
    public static IReadOnlyList<RunStatus> StatusesOf(IEnumerable<string> names) => [.. names.Select(name => (RunStatus)Enum.Parse(typeof(RunStatus), name, ignoreCase: true))];

    /// <summary>Returns the filter to search with; null for all runs.</summary>
    public string? ToFilter()
    {
        List<string> conditions = [];

        // The syntax has no OR, and lists only for run ids.
        if (Statuses.Count == 1)
            conditions.Add($"attributes.status = '{Spelled(Statuses[0])}'");
        else if (Statuses.Count > 1)
            conditions.AddRange(AllStatuses.Except(Statuses).Select(status => $"attributes.status != '{Spelled(status)}'"));
        if (Since is { } since)
            conditions.Add(FormattableString.Invariant($"attributes.start_time >= {since.ToUnixTimeMilliseconds()}"));
        if (Name is not null && NameIsExact)
            AddExact(conditions, RunNameKey, Name);
        else if (Name is not null)
            Add(conditions, RunNameKey, new NamePattern(Name));
        foreach (Tag tag in Tags)
        {
            // A value with backticks has two meanings, and there is no OR.
            if (new NamePattern(tag.Value) is { Names.Count: 1 } pattern)
                Add(conditions, $"tags.`{tag.Key}`", pattern);
        }

        if (SearchText.NullIfEmpty(Filter) is { } filter)
            conditions.Add(filter);
        return conditions.Count == 0 ? null : string.Join(" and ", conditions);
    }

    /// <summary>Whether the run has the name and the tags.</summary>
    public bool Matches(Run run) =>
        (Name is null || (NameIsExact ? Name == run.RunName : new NamePattern(Name).Matches(run.RunName)))
        && Tags.All(tag => run.Tags.TryGetValue(tag.Key, out string? value) && new NamePattern(tag.Value).Matches(value));

    /// <summary>Returns the query for the exact name if the experiments have a run with that name; otherwise this query.</summary>
    /// <param name="store">The store.</param>
    /// <param name="search">The search that the query belongs to.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    public async Task<RunQuery> ResolveNameAsync(ITrackingStore store, RunSearch search, CancellationToken cancellationToken)
    {
        if (Name is null || NameIsExact || new NamePattern(Name) is { HasWildcards: false, Names.Count: 1 })
            return this;
        string? exact = await new NamePattern(Name).FindAsync(async name =>
        {
            var query = new RunQuery { Name = name, NameIsExact = true };
            RunSearch named = search with { Filter = query.ToFilter(), OrderBy = [] };
            return await HasAnyAsync(store, named, query, cancellationToken).ConfigureAwait(false) ? name : null;
        }, name => name).ConfigureAwait(false);
        return exact is null ? this : this with { Name = exact, NameIsExact = true };
    }

    /// <summary>Returns whether the experiments of a search have a run with the name, regardless of the other conditions.</summary>
    public Task<bool> IsNameKnownAsync(ITrackingStore store, RunSearch search, CancellationToken cancellationToken)
    {
        var query = new RunQuery { Name = Name, NameIsExact = NameIsExact };
        return HasAnyAsync(store, search with { Filter = query.ToFilter(), OrderBy = [] }, query, cancellationToken);
    }

    private static async Task<bool> HasAnyAsync(ITrackingStore store, RunSearch search, RunQuery query, CancellationToken cancellationToken)
    {
        var pages = new PageWalker();
        string? pageToken = null;
        do
        {
            Page<Run> page = await store.SearchRunsAsync(search, pageToken, cancellationToken).ConfigureAwait(false);
            if (page.Items.Any(query.Matches))
                return true;
            pageToken = pages.After(page);
        }
        while (pageToken is not null);
        return false;
    }

    private static void Add(List<string> conditions, string key, NamePattern pattern)
    {
        if (pattern.HasWildcards)
            AddQuoted(conditions, $"{key} LIKE ", pattern.ToLike());
        else
            AddExact(conditions, key, pattern.Names[pattern.Names.Count - 1]);
    }

    private static void AddExact(List<string> conditions, string key, string text) => AddQuoted(conditions, $"{key} = ", text);

    // A quoted text cannot contain its own quotes. A text with both kinds is left to Matches.
    private static void AddQuoted(List<string> conditions, string condition, string text)
    {
        if (text.Contains('\'') && text.Contains('"'))
            return;
        char quote = text.Contains('\'') ? '"' : '\'';
        conditions.Add($"{condition}{quote}{text}{quote}");
    }

    private static string Spelled(RunStatus status) => status.ToString().ToUpperInvariant();
}
