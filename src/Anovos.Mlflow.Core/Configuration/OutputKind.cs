namespace Anovos.Mlflow.Configuration;

/// <summary>What an output of a workflow is; the flag that governs it follows from that.</summary>
public enum OutputKind
{
    /// <summary>The final dataset (<c>track_output</c>).</summary>
    Output,

    /// <summary>A report, or what one is made of (<c>track_reports</c>).</summary>
    Report,

    /// <summary>A table of statistics (<c>track_reports</c>).</summary>
    Statistic,

    /// <summary>A dataset between two steps (<c>track_intermediates</c>).</summary>
    Intermediate,
}
