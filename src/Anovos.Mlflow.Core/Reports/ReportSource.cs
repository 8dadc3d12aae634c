using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Reports;

/// <summary>A run for a report, with access to its other data.</summary>
/// <param name="Run">The run, as shown in the report.</param>
/// <param name="Store">Its store.</param>
/// <param name="OpenArtifactsAsync">Opens its artifacts.</param>
public sealed record ReportSource(Run Run, ITrackingStore Store, Func<CancellationToken, Task<IArtifactStore>> OpenArtifactsAsync)
{
    /// <summary>The URL of the Databricks workspace, if the store is one.</summary>
    public string? WorkspaceUrl { get; init; }
}

/// <summary>The options of a report.</summary>
public sealed record ReportOptions
{
    /// <summary>The default of <see cref="MaximumLength"/>, in bytes.</summary>
    public const long DefaultMaximumLength = 8L << 20;

    /// <summary>The heading.</summary>
    public string Title { get; init; } = "MLflow runs";

    /// <summary>Selects the metrics whose history is drawn, by key; null for all metrics without their own section.</summary>
    public Func<string, bool>? Draws { get; init; }

    /// <summary>The maximum length of a run's HTML report that is copied into the report, in bytes.</summary>
    public long MaximumLength { get; init; } = DefaultMaximumLength;
}
