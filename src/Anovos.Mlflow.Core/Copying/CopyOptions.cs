using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Copying;

/// <summary>How runs are copied.</summary>
public sealed record CopyOptions
{
    /// <summary>Returns the name at the target for that of an experiment; null keeps the names.</summary>
    public Func<string, string>? ExperimentName { get; init; }

    /// <summary>Keeps the ids of experiments and runs. Only a folder or a database can.</summary>
    public bool KeepIds { get; init; }

    /// <summary>Keeps the artifact locations of experiments; otherwise those are the target's own.</summary>
    public bool KeepArtifactLocations { get; init; }

    /// <summary>Restores experiments that are deleted at the target.</summary>
    public bool Restore { get; init; }

    /// <summary>Compares artifacts by hash, those that the target has and those that were sent.</summary>
    public bool Verify { get; init; }

    /// <summary>Compares the histories of runs that were copied completely before and did not change since.</summary>
    public bool Force { get; init; }

    /// <summary>Sets a tag on runs that are not complete, with the list of missing parts.</summary>
    public bool TagMissing { get; init; }

    /// <summary>Copies all registered models and prompts, and not only the versions of selected runs.</summary>
    public bool AllModels { get; init; }

    /// <summary>Reads and counts only.</summary>
    public bool CountOnly { get; init; }

    /// <summary>How many runs are copied at once.</summary>
    public int Parallelism { get; init; } = 8;

    /// <summary>Called for repeated requests to a bucket, from any thread.</summary>
    public Action<RetryNotice>? OnRetry { get; init; }

    /// <summary>Called for what the user must know, from any thread.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>
    /// Runs that were kept for a server: they may be the rest of a run there, and may have been moved since they were first sent.
    /// </summary>
    public bool Offline { get; init; }
}
