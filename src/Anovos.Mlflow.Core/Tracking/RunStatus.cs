namespace Anovos.Mlflow.Tracking;

/// <summary>The state of a run; the numbers are those of a directory store's <c>meta.yaml</c>.</summary>
public enum RunStatus
{
    /// <summary>Going on.</summary>
    Running = 1,

    /// <summary>Asked for, not begun.</summary>
    Scheduled = 2,

    /// <summary>Ended well.</summary>
    Finished = 3,

    /// <summary>Ended with an error.</summary>
    Failed = 4,

    /// <summary>Ended from outside.</summary>
    Killed = 5,
}
