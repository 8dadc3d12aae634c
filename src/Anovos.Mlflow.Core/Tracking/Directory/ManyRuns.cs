using System.Runtime.ExceptionServices;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads the files of many runs on all cores, because opening and closing them takes most of the time.</summary>
internal static class ManyRuns
{
    // For fewer runs, starting another thread takes longer than reading them.
    private const int WorthWhile = 64;

    /// <summary>Returns the results in the order of the runs. Null results are left out.</summary>
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
