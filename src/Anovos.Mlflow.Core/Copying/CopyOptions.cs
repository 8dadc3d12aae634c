using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Copying;

/// <summary>The options of a copy of runs.</summary>
public sealed record CopyOptions
{
    /// <summary>Returns the name at the target for an experiment's name; null keeps the names.</summary>
    public Func<string, string>? ExperimentName { get; init; }

    /// <summary>Keeps the ids of experiments and runs. Only a folder or a database supports this.</summary>
    public bool KeepIds { get; init; }

    /// <summary>Keeps the artifact locations of experiments. Otherwise the target chooses them.</summary>
    public bool KeepArtifactLocations { get; init; }

    /// <summary>Restores experiments that are deleted at the target.</summary>
    public bool Restore { get; init; }

    /// <summary>Compares artifacts by hash, both those that the target already has and those that were uploaded.</summary>
    public bool Verify { get; init; }

    /// <summary>Compares the metric histories even of runs that were copied completely before and have not changed since.</summary>
    public bool Force { get; init; }

    /// <summary>Sets a tag with the list of missing parts on incomplete runs.</summary>
    public bool TagMissing { get; init; }

    /// <summary>Copies all registered models and prompts, not only the versions of selected runs.</summary>
    public bool AllModels { get; init; }

    /// <summary>Reads and counts only.</summary>
    public bool CountOnly { get; init; }

    /// <summary>The number of runs that are copied in parallel.</summary>
    public int Parallelism { get; init; } = 8;

    /// <summary>Called when a request to a bucket is retried, from any thread.</summary>
    public Action<RetryNotice>? OnRetry { get; init; }

    /// <summary>Called with messages for the user, from any thread.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>
    /// The runs were kept offline for a server. They may continue a run there, and their store may have moved since they were first sent.
    /// </summary>
    public bool Offline { get; init; }
}
