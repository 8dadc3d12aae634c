using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>What running a workflow came to, and what of it was reported.</summary>
public sealed record WorkflowResult
{
    /// <summary>How the run ended: Finished with exit code 0, Killed when it was ended, else Failed.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>The workflow's exit code; null when it was ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What went wrong with the workflow, as a sentence; null when nothing did.</summary>
    public string? Fault { get; init; }

    /// <summary>The run as it then stands; null when the store could not say.</summary>
    public Run? Run { get; init; }

    /// <summary>How long each step took, in the order of the log.</summary>
    public IReadOnlyList<StepTiming> Timings { get; init; } = [];

    /// <summary>The attributes that drifted or are unstable, by table.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> FlaggedAttributes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The columns with the largest shares of missing values, largest first.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> MissingShares { get; init; } = [];

    /// <summary>What it used of this machine; null without system metrics.</summary>
    public WorkflowCost? Cost { get; init; }

    /// <summary>How many lines of the log are errors.</summary>
    public int LogErrors { get; init; }

    /// <summary>What became of each output.</summary>
    public IReadOnlyList<ArtifactResult> Artifacts { get; init; } = [];

    /// <summary>What was not reported, and why.</summary>
    public IReadOnlyList<MlflowException> Errors { get; init; } = [];

    /// <summary>What is worth knowing, a sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The log on this machine; null once the run has it.</summary>
    public string? LogPath { get; init; }
}
