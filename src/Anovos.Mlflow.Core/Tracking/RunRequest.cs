namespace Anovos.Mlflow.Tracking;

/// <summary>What a run is started with.</summary>
public sealed record RunRequest
{
    /// <summary>The run's name; null has the store find one.</summary>
    public string? RunName { get; init; }

    /// <summary>The run that this one is nested in.</summary>
    public string? ParentRunId { get; init; }

    /// <summary>The caller's tags; they win over MLflow's own.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>Who starts it.</summary>
    public string UserId { get; init; } = Environment.UserName;

    /// <summary>What starts it: the workflow or script file.</summary>
    public string? SourceName { get; init; }

    /// <summary>The folder whose git repository the run belongs to.</summary>
    public required string SourceDirectory { get; init; }
}
