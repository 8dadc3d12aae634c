namespace Anovos.Mlflow.Tracking;

/// <summary>A point of a logged model's metric.</summary>
/// <param name="Key">The name of the metric.</param>
/// <param name="Value">The value.</param>
/// <param name="Timestamp">The time, in Unix milliseconds.</param>
/// <param name="Step">The step.</param>
/// <param name="RunId">The id of the run that logged it.</param>
internal sealed record LoggedModelMetric(string Key, double Value, long Timestamp, long Step, string RunId)
{
    /// <summary>The name of the dataset that was used for the measurement; null if none is given.</summary>
    public string? DatasetName { get; init; }

    /// <summary>The digest of that dataset.</summary>
    public string? DatasetDigest { get; init; }
}
