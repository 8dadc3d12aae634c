namespace Anovos.Mlflow.Workflow;

/// <summary>
/// Lines between the threads that read a workflow and the one that shows them. It holds so many at the most: who shows them
/// slowly then slows the workflow down, and no line is lost.
/// </summary>
public sealed class LineQueue
{
    private const int Most = 100_000;

    private readonly object _gate = new();
    private List<LogLine> _lines = [];

    /// <summary>Adds lines, waiting for room; they are dropped once it is cancelled.</summary>
    /// <returns>Whether the queue was empty, so that somebody must be told to take from it.</returns>
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

    /// <summary>All lines so far.</summary>
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
