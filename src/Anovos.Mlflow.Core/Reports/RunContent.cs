using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Reports;

/// <summary>All that a report has of a run.</summary>
internal sealed record RunContent(Run Run)
{
    /// <summary>The address of its page; null where it has none.</summary>
    public string? Page { get; init; }

    /// <summary>The histories of its metrics, by key; of those with a single point none.</summary>
    public IReadOnlyDictionary<string, Curve> Curves { get; init; } = new Dictionary<string, Curve>();

    /// <summary>Its files.</summary>
    public ArtifactIndex Artifacts { get; init; } = ArtifactIndex.Empty;

    /// <summary>The HTML reports among its files.</summary>
    public IReadOnlyList<HtmlReport> Reports { get; init; } = [];

    /// <summary>Why its artifacts could not be read; null when they could.</summary>
    public string? Problem { get; init; }
}
