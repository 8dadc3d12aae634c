using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Reports;

/// <summary>A run for a report, and where more of it is to be read.</summary>
/// <param name="Run">The run as it stands in the report.</param>
/// <param name="Store">Its store.</param>
/// <param name="OpenArtifactsAsync">Opens its artifacts.</param>
public sealed record ReportSource(Run Run, ITrackingStore Store, Func<CancellationToken, Task<IArtifactStore>> OpenArtifactsAsync)
{
    /// <summary>The address of the Databricks workspace, where the store is one.</summary>
    public string? WorkspaceUrl { get; init; }
}

/// <summary>What goes into a report.</summary>
public sealed record ReportOptions
{
    /// <summary>The largest HTML report of a run of which a copy is kept, when nothing else is said; bytes.</summary>
    public const long DefaultMaximumLength = 8L << 20;

    /// <summary>The heading.</summary>
    public string Title { get; init; } = "MLflow runs";

    /// <summary>Whose history is drawn, by the metric's key; null for all but those that have a section of their own.</summary>
    public Func<string, bool>? Draws { get; init; }

    /// <summary>The largest HTML report of a run of which a copy is kept; bytes.</summary>
    public long MaximumLength { get; init; } = DefaultMaximumLength;
}
