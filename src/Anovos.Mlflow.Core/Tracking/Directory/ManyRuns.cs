using System.Runtime.ExceptionServices;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads the files of many runs on every core: most of the time goes into opening and closing them.</summary>
internal static class ManyRuns
{
    // Fewer are read before another thread has begun.
    private const int WorthWhile = 64;

    /// <summary>What is read of each, in their order; nothing of those for which it is null.</summary>
    public static IReadOnlyList<TResult> Read<T, TResult>(IReadOnlyList<T> runs, Func<T, TResult?> read, CancellationToken cancellationToken)
        where TResult : class
    {
        try
        {
            return runs.Count < WorthWhile
                ? [.. runs.Select(read).OfType<TResult>()]
                : [.. runs.AsParallel().AsOrdered().WithCancellation(cancellationToken).Select(read).OfType<TResult>()];
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Capture(e.InnerException!).Throw();
            throw;
        }
    }
}
