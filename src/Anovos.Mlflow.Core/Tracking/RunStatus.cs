namespace Anovos.Mlflow.Tracking;

/// <summary>The status of a run; the numbers are those in a directory store's <c>meta.yaml</c>.</summary>
public enum RunStatus
{
    /// <summary>Running.</summary>
    Running = 1,

    /// <summary>Requested, but not started.</summary>
    Scheduled = 2,

    /// <summary>Ended successfully.</summary>
    Finished = 3,

    /// <summary>Ended with an error.</summary>
    Failed = 4,

    /// <summary>Stopped from outside.</summary>
    Killed = 5,
}
