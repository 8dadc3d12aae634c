using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Work on many things at once, a bounded number at a time.</summary>
internal static class ParallelWork
{
    /// <summary>Enough to hide how far away the other side is, and no burden to it: for a few requests, whose number nothing can be learned from.</summary>
    public const int DefaultParallelism = 8;

    /// <summary>Works on the items in their order. The first failure ends the work on the others and is thrown.</summary>
    public static Task RunAsync<T>(IReadOnlyList<T> items, int parallelism, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        new Crew<T>(items, () => parallelism, work, cancellationToken).RunAsync();

    /// <summary>
    /// Works on as many at once as a server takes at the time, and never more than <paramref name="most"/>. How many these are is
    /// learned from what the work says that it moved; nothing from what says null.
    /// </summary>
    /// <inheritdoc cref="RunAsync{T}(IReadOnlyList{T}, int, Func{T, CancellationToken, Task}, CancellationToken)"/>
    public static async Task RunAsync<T>(IReadOnlyList<T> items, AdaptiveConcurrency concurrency, int most, Func<T, CancellationToken, Task<long?>> work, CancellationToken cancellationToken)
    {
        var crew = new Crew<T>(items, () => concurrency.AtMost(most), LearnAsync, cancellationToken);
        concurrency.StartWindow();
        concurrency.Freed += crew.Fill;
        try
        {
            await crew.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            concurrency.Freed -= crew.Fill;
        }

        async Task LearnAsync(T item, CancellationToken token)
        {
            if (await work(item, token).ConfigureAwait(false) is { } bytes)
                concurrency.RecordCompletion(bytes);
        }
    }

    private sealed class Crew<T>(IReadOnlyList<T> items, Func<int> parallelism, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        private readonly List<Task> _workers = [];
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        private int _next, _working;

        public async Task RunAsync()
        {
            using (_stop)
            {
                Fill();
                for (int worker = 0; Worker(worker) is { } one; worker++)
                    await Task.WhenAny(one).ConfigureAwait(false);
                await Task.WhenAll(_workers).ConfigureAwait(false);
            }
        }

        /// <summary>Has as many work as may, while there is something to do.</summary>
        public void Fill()
        {
            lock (_workers)
            {
                for (; !_stop.IsCancellationRequested && _working < Math.Min(parallelism(), items.Count - _next); _working++)
                    _workers.Add(Task.Run(WorkAsync, CancellationToken.None));
            }
        }

        // They have others join them before they end, so that behind the last there is none to come.
        private Task? Worker(int worker)
        {
            lock (_workers)
                return worker < _workers.Count ? _workers[worker] : null;
        }

        // The next item, or -1 where this worker is one too many.
        private int Take()
        {
            lock (_workers)
            {
                if (_next == items.Count || _working > parallelism())
                {
                    _working--;
                    return -1;
                }

                Fill();
                return _next++;
            }
        }

        private async Task WorkAsync()
        {
            for (int index; (index = Take()) >= 0;)
            {
                _stop.Token.ThrowIfCancellationRequested();
                try
                {
                    await work(items[index], _stop.Token).ConfigureAwait(false);
                }
                catch
                {
                    _stop.Cancel();
                    throw;
                }
            }
        }
    }
}
