using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The result of copying one run.</summary>
public sealed record SyncResult
{
    /// <summary>Gets the id of the source's run.</summary>
    public required string RunId { get; init; }

    /// <summary>Its name.</summary>
    public string RunName { get; init; } = "";

    /// <summary>Its experiment.</summary>
    public string Experiment { get; init; } = "";

    /// <summary>Gets the id of the run at the target; empty if it does not exist yet.</summary>
    public string TargetRunId { get; init; } = "";

    /// <summary>
    /// Gets the status. Synced: the run is complete. Incomplete: complete except for <see cref="Missing"/>. Running: copied up to its
    /// current state. Failed: the run was not created, or not ended.
    /// </summary>
    public required string Status { get; init; }

    /// <summary>Gets the number of metric points written in this copy.</summary>
    public int Points { get; init; }

    /// <summary>Gets the number of artifacts uploaded in this copy.</summary>
    public int Artifacts { get; init; }

    /// <summary>Gets the number of bytes of artifacts uploaded in this copy.</summary>
    public long Bytes { get; init; }

    /// <summary>The parts of the run that the target does not have.</summary>
    public IReadOnlyList<MissingItem> Missing { get; init; } = [];

    /// <summary>Gets why the copy failed or is incomplete.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Gets the error; null if the run exists at the target, even if it is incomplete.</summary>
    public MlflowException? Error { get; init; }

    internal static SyncResult Of(Run run) =>
        new() { RunId = run.RunId, RunName = run.RunName, Experiment = run.Experiment, Status = "Failed" };
}

/// <summary>The result of copying one registered model.</summary>
public sealed record ModelResult
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Gets the status. Synced: the model is complete. Incomplete: complete except for <see cref="Missing"/>. Failed: see <see
    /// cref="Reason"/>.
    /// </summary>
    public required string Status { get; init; }

    /// <summary>Gets the number of versions created in this copy.</summary>
    public int Versions { get; init; }

    /// <summary>Gets the number of aliases set in this copy.</summary>
    public int Aliases { get; init; }

    /// <summary>The parts that the target does not have.</summary>
    public IReadOnlyList<MissingItem> Missing { get; init; } = [];

    /// <summary>Gets why the copy failed or is incomplete.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Gets the error; null if the model exists at the target.</summary>
    public MlflowException? Error { get; init; }
}

/// <summary>A part of a run, or of an experiment, that was not copied.</summary>
/// <param name="Kind">Param, Metric, Tag, Input, Artifact, Parent, or another part of a run.</param>
/// <param name="Name">Its key or path.</param>
/// <param name="Reason">Why it was left out.</param>
public sealed record MissingItem(string Kind, string Name, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind} '{Name}': {Reason}";
}
