using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>An artifact whose bytes can be requested in ranges. The store may ignore the range and return the whole artifact.</summary>
/// <param name="options">The length of a range, and the timeouts.</param>
internal abstract class RangeSource(ConnectionOptions options)
{
    /// <summary>The length of a range, and the timeouts.</summary>
    public ConnectionOptions Options => options;

    /// <summary>The address of the artifact, without the query, which may contain a signature.</summary>
    public abstract string Address { get; }

    /// <summary>Whether this source is given up after a failure, so that the store must be asked for another one.</summary>
    public virtual bool GivesUp(MlflowException failure) => false;

    /// <summary>Runs an attempt, and retries it after a transient error. It times out only when no bytes move.</summary>
    /// <param name="attempt">The attempt; receives a callback for the number of bytes transferred.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public abstract Task RunAsync(Func<Action<long>, CancellationToken, Task> attempt, CancellationToken cancellationToken);

    /// <summary>Sends one request.</summary>
    /// <param name="range">The bytes.</param>
    /// <param name="begin">Called with the description of the response body; returns the stream to copy it to.</param>
    /// <param name="moved">Called with the bytes received since the last call.</param>
    /// <param name="time">Cancels the request on a timeout.</param>
    /// <param name="stop">Cancels the request when the user cancels.</param>
    public abstract Task RequestAsync(
        ByteRange range, Func<RangeHead, Stream> begin, Action<long> moved, CancellationToken time, CancellationToken stop);
}

/// <summary>A store that may return large artifacts in ranges.</summary>
internal interface IRangedReader
{
    /// <summary>Finds the source for an artifact's ranges; null if it must be downloaded as a whole.</summary>
    /// <param name="artifactPath">The artifact.</param>
    /// <param name="length">Its listed length.</param>
    /// <param name="cancellationToken">Cancels the requests that this may need.</param>
    Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken);
}
