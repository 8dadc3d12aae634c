namespace Anovos.Mlflow.Artifacts;

/// <summary>Work on many things at once, a bounded number at a time.</summary>
internal static class Workers
{
    /// <summary>Works on the items in their order. The first failure ends the work on the others and is thrown.</summary>
    public static async Task RunAsync<T>(IReadOnlyList<T> items, int parallelism, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        int next = -1;
        Task[] workers = [.. Enumerable.Range(0, Math.Min(parallelism, items.Count)).Select(_ => Task.Run(WorkAsync, CancellationToken.None))];
        await Task.WhenAll(workers).ConfigureAwait(false);

        async Task WorkAsync()
        {
            for (int index; (index = Interlocked.Increment(ref next)) < items.Count;)
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
