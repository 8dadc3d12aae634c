namespace Anovos.Mlflow.Artifacts;

/// <summary>Work on many things at once, a bounded number at a time.</summary>
internal static class Workers
{
    /// <summary>Enough to hide how far away the other side is, and no burden to it: for a few requests, whose number nothing can be learned from.</summary>
    public const int Few = 8;

    /// <summary>Works on the items in their order. The first failure ends the work on the others and is thrown.</summary>
    public static Task RunAsync<T>(IReadOnlyList<T> items, int parallelism, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        RunAsync(items, () => parallelism, work, cancellationToken);

    /// <summary>Works on as many at once as <paramref name="parallelism"/> says at the time.</summary>
    /// <inheritdoc cref="RunAsync{T}(IReadOnlyList{T}, int, Func{T, CancellationToken, Task}, CancellationToken)"/>
    public static async Task RunAsync<T>(IReadOnlyList<T> items, Func<int> parallelism, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> workers = [];
        int next = 0, working = 0;
        lock (workers)
            AddWorkers();
        for (int worker = 0; Worker(worker) is { } one; worker++)
            await Task.WhenAny(one).ConfigureAwait(false);
        await Task.WhenAll(workers).ConfigureAwait(false);

        // A worker adds others before it ends.
        Task? Worker(int worker)
        {
            lock (workers)
                return worker < workers.Count ? workers[worker] : null;
        }

        void AddWorkers()
        {
            for (; working < Math.Min(parallelism(), items.Count - next); working++)
                workers.Add(Task.Run(WorkAsync, CancellationToken.None));
        }

        // The next one, or -1 where this worker is one too many.
        int Take()
        {
            lock (workers)
            {
                if (next == items.Count || working > parallelism())
                {
                    working--;
                    return -1;
                }

                AddWorkers();
                return next++;
            }
        }

        async Task WorkAsync()
        {
            for (int index; (index = Take()) >= 0;)
            {
                stop.Token.ThrowIfCancellationRequested();
                try
                {
                    await work(items[index], stop.Token).ConfigureAwait(false);
                }
                catch
                {
                    stop.Cancel();
                    throw;
                }
            }
        }
    }
}
