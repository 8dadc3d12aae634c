namespace Anovos.Mlflow.Tracking;

/// <summary>The properties of a run to be started.</summary>
public sealed record RunRequest
{
    /// <summary>The run's name; null lets the store choose one.</summary>
    public string? RunName { get; init; }

    /// <summary>The run that this one is nested in.</summary>
    public string? ParentRunId { get; init; }

    /// <summary>The caller's tags; they override MLflow's own.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>The user who starts it.</summary>
    public string UserId { get; init; } = Environment.UserName;

    /// <summary>The workflow or script file that starts it.</summary>
    public string? SourceName { get; init; }

    /// <summary>The folder whose git repository the run belongs to.</summary>
    public required string SourceDirectory { get; init; }
}
