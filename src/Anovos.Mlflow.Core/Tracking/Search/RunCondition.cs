namespace Anovos.Mlflow.Tracking;

/// <summary>The operator of a condition.</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    LikeIgnoringCase,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

/// <summary>One condition of a filter.</summary>
/// <param name="Key">The field of a run to compare.</param>
/// <param name="Comparison">The operator.</param>
internal sealed record RunCondition(RunKey Key, Comparison Comparison)
{
    private HashSet<string>? _set;
    private LikePattern? _pattern;

    /// <summary>The number to compare with, if the field is a number.</summary>
    public double Number { get; init; }

    /// <summary>The texts to compare with: one, or several for a list.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>Whether the run passes.</summary>
    /// <remarks>
    /// As in MLflow's stores, a missing value passes no comparison, not even !=. If a run has several datasets, one match is enough.
    /// </remarks>
    public bool Matches(Run run) => Comparison switch
    {
        Comparison.IsNull => Key.Text(run) is null,
        Comparison.IsNotNull => Key.Text(run) is not null,
        _ when Key.IsNumber => Key.Number(run) is { } number && Passes(number),
        _ => Key.Texts(run).Any(Passes),
    };

    private bool Passes(double number) => Comparison switch
    {
        Comparison.Equal => number == Number,
        Comparison.NotEqual => number != Number,
        Comparison.Less => number < Number,
        Comparison.LessOrEqual => number <= Number,
        Comparison.Greater => number > Number,
        _ => number >= Number,
    };

    private bool Passes(string text) => Comparison switch
    {
        Comparison.Equal => text == Texts[0],
        Comparison.NotEqual => text != Texts[0],
        Comparison.In => Set.Contains(text),
        Comparison.NotIn => !Set.Contains(text),
        _ => Pattern.Matches(text),
    };

    private HashSet<string> Set => _set ??= new HashSet<string>(Texts, StringComparer.Ordinal);

    private LikePattern Pattern => _pattern ??= new LikePattern(Texts[0], ignoreCase: Comparison == Comparison.LikeIgnoringCase);
}
