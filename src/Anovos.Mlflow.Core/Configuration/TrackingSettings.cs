using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Configuration;

/// <summary>The <c>mlflow</c> block of a workflow file: where to track the run, and which outputs.</summary>
public sealed class TrackingSettings
{
    /// <summary>The name of the experiment; null if the block has none.</summary>
    public string? Experiment { get; init; }

    /// <summary>The tracking URI; null if the block has none.</summary>
    public string? TrackingUri { get; init; }

    /// <summary>Whether the final dataset is tracked.</summary>
    public bool TrackOutput { get; init; }

    /// <summary>Whether statistics and reports are tracked.</summary>
    public bool TrackReports { get; init; }

    /// <summary>Whether statistics and reports are tracked by <c>send_reports</c>, a key that Anovos itself ignores.</summary>
    public bool SendReports { get; init; }

    /// <summary>Whether intermediate datasets are tracked: all, or those selected by <see cref="IntermediatePatterns"/>.</summary>
    public bool TrackIntermediates { get; init; }

    /// <summary>The patterns of intermediate datasets to track; empty if all or none are tracked.</summary>
    public IReadOnlyList<ArtifactPattern> IntermediatePatterns { get; init; } = [];

    /// <summary>Whether an output is tracked, and the reason.</summary>
    /// <param name="kind">The kind of output.</param>
    /// <param name="artifactPath">Its folder among the run's artifacts, which patterns are compared with.</param>
    /// <param name="reason">The reason, such as <c>track_reports is on</c>.</param>
    public bool Tracks(OutputKind kind, string artifactPath, out string reason)
    {
        (string flag, bool on) = kind switch
        {
            OutputKind.Output => ("track_output", TrackOutput),
            OutputKind.Intermediate => ("track_intermediates", TrackIntermediates),
            _ => (SendReports ? "send_reports" : "track_reports", TrackReports),
        };
        if (!on || kind != OutputKind.Intermediate || IntermediatePatterns.Count == 0)
        {
            reason = $"{flag} is {(on ? "on" : "off")}";
            return on;
        }

        ArtifactPattern? selecting = IntermediatePatterns.FirstOrDefault(pattern => pattern.Selects(artifactPath));
        reason = selecting is null ? $"{flag} selects other outputs" : $"{flag} selects '{selecting}'";
        return selecting is not null;
    }
}
