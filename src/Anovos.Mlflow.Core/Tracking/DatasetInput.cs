namespace Anovos.Mlflow.Tracking;

/// <summary>A dataset that a run reads. Within an experiment, name and digest are its identity.</summary>
/// <param name="Name">The name.</param>
/// <param name="Digest">Distinguishes states of the dataset; at most <see cref="StoreLimits.DatasetDigest"/> characters.</param>
/// <param name="SourceType">How to read the source, such as <c>local</c> or <c>s3</c>.</param>
/// <param name="Source">The origin, as JSON in the form of its source type: <c>{"uri": "data/income"}</c>.</param>
public sealed record DatasetInput(string Name, string Digest, string SourceType, string Source)
{
    /// <summary>The tag that says how the run uses the dataset; MLflow shows it next to the name.</summary>
    public const string ContextTag = "mlflow.data.context";

    /// <summary>The columns, as JSON; null if unknown.</summary>
    public string? Schema { get; init; }

    /// <summary>The known facts about its size, as JSON; null if there are none.</summary>
    public string? Profile { get; init; }

    /// <summary>The tags of its use in this run.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Digest})";
}
