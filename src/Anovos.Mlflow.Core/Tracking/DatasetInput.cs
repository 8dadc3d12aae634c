namespace Anovos.Mlflow.Tracking;

/// <summary>A dataset that a run reads. Within an experiment, name and digest are its identity.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Digest">Tells two states of it apart; at most <see cref="StoreLimits.DatasetDigest"/> characters.</param>
/// <param name="SourceType">How the source is to be read, as <c>local</c> or <c>s3</c>.</param>
/// <param name="Source">Where it comes from, as JSON of the form that its type has: <c>{"uri": "data/income"}</c>.</param>
public sealed record DatasetInput(string Name, string Digest, string SourceType, string Source)
{
    /// <summary>The tag that says what the dataset is to the run; MLflow shows it beside the name.</summary>
    public const string ContextTag = "mlflow.data.context";

    /// <summary>Its columns, as JSON; null where they are not known.</summary>
    public string? Schema { get; init; }

    /// <summary>What is known of its size, as JSON; null where nothing is.</summary>
    public string? Profile { get; init; }

    /// <summary>Tags of its use in this run.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Digest})";
}
