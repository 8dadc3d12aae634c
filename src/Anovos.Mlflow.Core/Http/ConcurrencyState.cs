namespace Anovos.Mlflow.Http;

/// <summary>The states of <see cref="AdaptiveConcurrency"/>.</summary>
internal enum ConcurrencyState
{
    /// <summary>Keeps the limit and measures its throughput until the next probe is due.</summary>
    Settled,

    /// <summary>Tries twice the settled limit for one window.</summary>
    ProbingUp,

    /// <summary>Tries half the settled limit for one window.</summary>
    ProbingDown,

    /// <summary>The server throttled: the limit was halved, and the rest of the window is ignored.</summary>
    BackingOff,
}
