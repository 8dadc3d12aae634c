namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>What work on other threads has the pipeline thread write, in its order. Who waits for it does not spin meanwhile.</summary>
internal sealed class PostedWrites
{
    private readonly Queue<Action> _waiting = new();

    /// <summary>Adds one; from any thread.</summary>
    public void Add(Action write)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(write);
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Does what is posted, as it comes, until the work has ended.</summary>
    /// <exception cref="OperationCanceledException">It is to stop.</exception>
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
