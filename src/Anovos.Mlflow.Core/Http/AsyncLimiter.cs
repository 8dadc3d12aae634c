namespace Anovos.Mlflow.Http;

/// <summary>A FIFO semaphore whose capacity may change while slots are held. Thread-safe.</summary>
internal sealed class AsyncLimiter(int capacity)
{
    private readonly object _lock = new();
    private readonly Queue<TaskCompletionSource<bool>> _waiters = new();
    private int _capacity = capacity, _held;

    /// <summary>Changes the number of slots. Slots above a smaller number stay held until they are released.</summary>
    public void Resize(int capacity)
    {
        lock (_lock)
        {
            _capacity = capacity;
            AdmitWaiters();
        }
    }

    /// <summary>Waits for a slot, which the caller must release. A cancelled wait takes none.</summary>
    public Task AcquireAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        TaskCompletionSource<bool> waiter;
        lock (_lock)
        {
            if (_held < _capacity)
            {
                _held++;
                return Task.CompletedTask;
            }

            // AdmitWaiters completes it under the lock, where no continuation may run.
            waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Enqueue(waiter);
        }

        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Returns a slot.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _held--;
            AdmitWaiters();
        }
    }

    private static async Task WaitAsync(TaskCompletionSource<bool> waiter, CancellationToken cancellationToken)
    {
        using (cancellationToken.Register(() => waiter.TrySetCanceled(cancellationToken)))
            await waiter.Task.ConfigureAwait(false);
    }

    // A cancelled waiter stays queued until its turn, and is then skipped.
    private void AdmitWaiters()
    {
        while (_held < _capacity && _waiters.Count > 0)
        {
            if (_waiters.Dequeue().TrySetResult(true))
                _held++;
        }
    }
}
