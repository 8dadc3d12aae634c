using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Reports;

/// <summary>All the data of a run in a report.</summary>
internal sealed record RunContent(Run Run)
{
    /// <summary>The address of its page; null if it has none.</summary>
    public string? Page { get; init; }

    /// <summary>The histories of its metrics, by key. Metrics with a single point are not included.</summary>
    public IReadOnlyDictionary<string, Curve> Curves { get; init; } = new Dictionary<string, Curve>();

    /// <summary>Its files.</summary>
    public ArtifactIndex Artifacts { get; init; } = ArtifactIndex.Empty;

    /// <summary>The HTML reports among its files.</summary>
    public IReadOnlyList<HtmlReport> Reports { get; init; } = [];

    /// <summary>Why its artifacts could not be read; null if they could.</summary>
    public string? Problem { get; init; }
}
