using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;

namespace Anovos.Mlflow.Workflow;

/// <summary>A workflow that is to be run and reported.</summary>
public sealed record WorkflowJob
{
    /// <summary>The workflow file.</summary>
    public required AnovosConfig Config { get; init; }

    /// <summary>The workflow's working directory, from which its relative paths start.</summary>
    public required string BasePath { get; init; }

    /// <summary>Which outputs are sent.</summary>
    public required OutputSelection Outputs { get; init; }

    /// <summary>Whether the outputs of each folder of the run are sent as one zip.</summary>
    public bool Compress { get; init; }

    /// <summary>Which statistics become metrics and tags.</summary>
    public required StatisticSelection Statistics { get; init; }

    /// <summary>How system metrics are sampled; null for none.</summary>
    public SystemMetricOptions? SystemMetrics { get; init; }

    /// <summary>The description that the module gave the run when it began; null for none. Any other is the user's, and stays
    /// alone.</summary>
    public string? OwnNote { get; init; }
}
