using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>An artifact whose bytes can be requested in ranges. The store may ignore that and give the whole.</summary>
/// <param name="options">The length of a range, and the limits in time.</param>
internal abstract class RangeSource(ConnectionOptions options)
{
    /// <summary>The length of a range, and the limits in time.</summary>
    public ConnectionOptions Options => options;

    /// <summary>The address of the artifact, without a query: it may hold a signature.</summary>
    public abstract string Address { get; }

    /// <summary>Whether this way is given up after a failure, so that the store must be asked for another one.</summary>
    public virtual bool GivesUp(MlflowException failure) => false;

    /// <summary>Runs an attempt, again after a transient failure, as long as bytes move.</summary>
    /// <param name="attempt">Is given what to call with the bytes that moved.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public abstract Task RunAsync(Func<Action<long>, CancellationToken, Task> attempt, CancellationToken cancellationToken);

    /// <summary>Makes one request.</summary>
    /// <param name="range">The bytes.</param>
    /// <param name="begin">Is told what the response says; returns the stream to copy its body to.</param>
    /// <param name="moved">Called with the bytes received since the last call.</param>
    /// <param name="time">Ends it when the time is over.</param>
    /// <param name="stop">Ends it when the user cancels.</param>
    public abstract Task RequestAsync(
        ByteRange range, Func<RangeHead, Stream> begin, Action<long> moved, CancellationToken time, CancellationToken stop);
}

/// <summary>A store that may give its large artifacts in ranges.</summary>
internal interface IRangedReader
{
    /// <summary>Finds where an artifact can be requested in ranges; null if it comes whole.</summary>
    /// <param name="artifactPath">The artifact.</param>
    /// <param name="length">Its listed length.</param>
    /// <param name="cancellationToken">Cancels the requests that this may take.</param>
    Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken);
}
