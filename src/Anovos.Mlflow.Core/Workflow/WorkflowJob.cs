using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;

namespace Anovos.Mlflow.Workflow;

/// <summary>A workflow to run and report.</summary>
public sealed record WorkflowJob
{
    /// <summary>The workflow file.</summary>
    public required AnovosConfig Config { get; init; }

    /// <summary>The workflow's working directory, the base of its relative paths.</summary>
    public required string BasePath { get; init; }

    /// <summary>The selection of outputs to send.</summary>
    public required OutputSelection Outputs { get; init; }

    /// <summary>Whether to send the outputs of each artifact folder as one zip.</summary>
    public bool Compress { get; init; }

    /// <summary>The selection of statistics that become metrics and tags.</summary>
    public required StatisticSelection Statistics { get; init; }

    /// <summary>The options for system metrics; null to sample none.</summary>
    public SystemMetricOptions? SystemMetrics { get; init; }

    /// <summary>The description that the module gave the run when it started; null if none. Any other description belongs to the
    /// user and is kept.</summary>
    public string? OwnNote { get; init; }
}
