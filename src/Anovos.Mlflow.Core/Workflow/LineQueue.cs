namespace Anovos.Mlflow.Workflow;

/// <summary>
/// A bounded queue of lines between the threads that read a workflow's output and the thread that shows it. When the queue is
/// full, reading waits, which slows the workflow down. No line is lost.
/// </summary>
public sealed class LineQueue
{
    private const int Most = 100_000;

    private readonly object _gate = new();
    private List<LogLine> _lines = [];

    /// <summary>Adds lines, and waits while the queue is full. Once cancelled, it drops the lines.</summary>
    /// <returns>True if the queue was empty, so that the reader must be notified.</returns>
    public bool Add(IReadOnlyList<LogLine> lines, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            while (_lines.Count >= Most)
            {
                if (cancellationToken.IsCancellationRequested)
                    return false;
                Monitor.Wait(_gate, millisecondsTimeout: 100);
            }

            _lines.AddRange(lines);
            return _lines.Count == lines.Count;
        }
    }

    /// <summary>Removes and returns all lines.</summary>
    public IReadOnlyList<LogLine> TakeAll()
    {
        lock (_gate)
        {
            List<LogLine> all = _lines;
            _lines = [];
            Monitor.PulseAll(_gate);
            return all;
        }
    }
}
