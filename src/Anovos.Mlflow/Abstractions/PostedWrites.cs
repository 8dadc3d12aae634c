namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Queues writes from other threads for the pipeline thread, in their order. Waiting for them does not spin.</summary>
internal sealed class PostedWrites
{
    private readonly Queue<Action> _waiting = new();

    /// <summary>Adds a write. Can be called on any thread.</summary>
    public void Add(Action write)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(write);
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Does the posted writes as they arrive, until the work has ended.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled.</exception>
    public void DoUntilEnd(Task work, CancellationToken stop)
    {
        using CancellationTokenRegistration stopped = stop.Register(Wake);
        work.ContinueWith(_ => Wake(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        while (Next(work, stop) is { } write)
            write();
    }

    private Action? Next(Task work, CancellationToken stop)
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0 && !work.IsCompleted && !stop.IsCancellationRequested)
                Monitor.Wait(_waiting);
            stop.ThrowIfCancellationRequested();
            return _waiting.Count > 0 ? _waiting.Dequeue() : null;
        }
    }

    private void Wake()
    {
        lock (_waiting)
            Monitor.Pulse(_waiting);
    }
}
