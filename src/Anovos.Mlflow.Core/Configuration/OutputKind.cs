namespace Anovos.Mlflow.Configuration;

/// <summary>The kind of a workflow output, which determines the flag that applies to it.</summary>
public enum OutputKind
{
    /// <summary>The final dataset (<c>track_output</c>).</summary>
    Output,

    /// <summary>A report, or the data of a report (<c>track_reports</c>).</summary>
    Report,

    /// <summary>A table of statistics (<c>track_reports</c>).</summary>
    Statistic,

    /// <summary>A dataset between two steps (<c>track_intermediates</c>).</summary>
    Intermediate,
}
