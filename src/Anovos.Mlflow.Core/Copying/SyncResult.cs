using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The result of copying one run.</summary>
public sealed record SyncResult
{
    /// <summary>The run that was read.</summary>
    public required string RunId { get; init; }

    /// <summary>Its name.</summary>
    public string RunName { get; init; } = "";

    /// <summary>Its experiment.</summary>
    public string Experiment { get; init; } = "";

    /// <summary>The run at the target; empty when there is none yet.</summary>
    public string TargetRunId { get; init; } = "";

    /// <summary>
    /// Synced: all of the run is there. Incomplete: all but <see cref="Missing"/>. Running: copied as far as it is. Failed: the run is not
    /// there, or not ended.
    /// </summary>
    public required string Status { get; init; }

    /// <summary>How many points of metrics were sent now.</summary>
    public int Points { get; init; }

    /// <summary>How many artifacts were sent now.</summary>
    public int Artifacts { get; init; }

    /// <summary>How many bytes of artifacts were sent now.</summary>
    public long Bytes { get; init; }

    /// <summary>The parts of the run that the target does not have.</summary>
    public IReadOnlyList<MissingItem> Missing { get; init; } = [];

    /// <summary>Why it failed, or why it is not complete.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The error; null for a run that is there, whether it is complete or not.</summary>
    public MlflowException? Error { get; init; }

    internal static SyncResult Of(Run run) =>
        new() { RunId = run.RunId, RunName = run.RunName, Experiment = run.Experiment, Status = "Failed" };
}

/// <summary>The result of copying one registered model.</summary>
public sealed record ModelResult
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>Synced: all of the model is there. Incomplete: all but <see cref="Missing"/>. Failed: see <see cref="Reason"/>.</summary>
    public required string Status { get; init; }

    /// <summary>How many versions were created now.</summary>
    public int Versions { get; init; }

    /// <summary>How many aliases were set now.</summary>
    public int Aliases { get; init; }

    /// <summary>The parts that the target does not have.</summary>
    public IReadOnlyList<MissingItem> Missing { get; init; } = [];

    /// <summary>Why it failed, or why it is not complete.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The error; null for a model that is there.</summary>
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
