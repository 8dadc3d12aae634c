using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Works on many items concurrently, with a bounded number of workers.</summary>
internal static class ParallelWork
{
    /// <summary>For a few requests, too few to learn a limit from: hides the latency without straining the server.</summary>
    public const int DefaultParallelism = 8;

    /// <summary>Works on the items in their order. The first failure cancels the work on all others and is thrown.</summary>
    public static Task RunAsync<T>(
        IReadOnlyList<T> items, int parallelism, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        RunAsync(items, slots: null, parallelism, work, cancellationToken);

    /// <summary>
    /// Works on as many items at once as the server has slots, and at most <paramref name="maximum"/>. The work returns the bytes that
    /// it moved, from which the limit is learned, or null if it says nothing about the server. It holds a slot, so it must not wait
    /// for other work that needs slots of the same server.
    /// </summary>
    /// <inheritdoc cref="RunAsync{T}(IReadOnlyList{T}, int, Func{T, CancellationToken, Task}, CancellationToken)"/>
    public static Task RunAsync<T>(
        IReadOnlyList<T> items,
        AdaptiveConcurrency concurrency,
        int maximum,
        Func<T, CancellationToken, Task<long?>> work,
        CancellationToken cancellationToken)
    {
        concurrency.StartWindow();
        return RunAsync(items, concurrency, maximum, WorkAndRecordAsync, cancellationToken);

        async Task WorkAndRecordAsync(T item, CancellationToken token)
        {
            if (await work(item, token).ConfigureAwait(false) is { } bytes)
                concurrency.RecordCompletion(bytes);
        }
    }

    private static async Task RunAsync<T>(
        IReadOnlyList<T> items,
        AdaptiveConcurrency? slots,
        int workers,
        Func<T, CancellationToken, Task> work,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        int taken = 0;
        int count = Math.Min(workers, items.Count);
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(RunWorkerAsync, CancellationToken.None))).ConfigureAwait(false);

        async Task RunWorkerAsync()
        {
            for (int index; (index = Interlocked.Increment(ref taken) - 1) < items.Count;)
            {
                if (slots is not null)
                    await slots.AcquireAsync(stop.Token).ConfigureAwait(false);
                try
                {
                    stop.Token.ThrowIfCancellationRequested();
                    await work(items[index], stop.Token).ConfigureAwait(false);
                }
                catch
                {
                    // Before the slot is released: no waiting worker may start another item.
                    stop.Cancel();
                    throw;
                }
                finally
                {
                    slots?.Release();
                }
            }
        }
    }
}
