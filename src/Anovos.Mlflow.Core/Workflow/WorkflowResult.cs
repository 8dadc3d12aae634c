using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>The result of running a workflow, and of reporting it.</summary>
public sealed record WorkflowResult
{
    /// <summary>The final status of the run: Finished for exit code 0, Killed if the workflow was stopped, otherwise Failed.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>The workflow's exit code; null if the workflow was stopped.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The error of the workflow, as a sentence; null if there was none.</summary>
    public string? Fault { get; init; }

    /// <summary>The run after it ended; null if it could not be read from the store.</summary>
    public Run? Run { get; init; }

    /// <summary>The duration of each step, in log order.</summary>
    public IReadOnlyList<StepTiming> Timings { get; init; } = [];

    /// <summary>The attributes that drifted or are unstable, by table.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> FlaggedAttributes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The columns with the largest shares of missing values, largest first.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> MissingShares { get; init; } = [];

    /// <summary>The resources that the workflow used on this machine; null without system metrics.</summary>
    public WorkflowCost? Cost { get; init; }

    /// <summary>The number of errors in the log.</summary>
    public int LogErrors { get; init; }

    /// <summary>The result for each output.</summary>
    public IReadOnlyList<ArtifactResult> Artifacts { get; init; } = [];

    /// <summary>The errors that say what was not reported, and why.</summary>
    public IReadOnlyList<MlflowException> Errors { get; init; } = [];

    /// <summary>The warnings, each a sentence.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The path of the log on this machine; null once the log is in the run.</summary>
    public string? LogPath { get; init; }
}
