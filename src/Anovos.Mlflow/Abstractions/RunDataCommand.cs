using System.Collections;
using System.Diagnostics;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// A cmdlet that writes metrics, params or tags to a run. It collects them and writes batches: when a batch is full, when the
/// pipeline ends, and in a slow pipeline every few seconds. While one batch is written, it collects the next.
/// </summary>
public abstract class RunDataCommand : RunCommand
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private readonly List<Metric> _metrics = [];
    private readonly List<Param> _params = [];
    private readonly List<Tag> _tags = [];
    private readonly Stopwatch _sinceWrite = Stopwatch.StartNew();
    private RunReference? _run;
    private string? _validKey;
    private Task _writing = Task.CompletedTask;

    /// <summary>The limits of the run's store. Only valid while a pair is added.</summary>
    protected StoreLimits Limits => _run!.Store.Limits;

    /// <inheritdoc/>
    protected override void End()
    {
        Flush();
        Settle();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // An earlier command in the pipeline failed: let the current batch finish. After Ctrl+C, it is cancelled.
        if (disposing)
            Task.WaitAny([_writing], Longest);
        base.Dispose(disposing);
    }

    /// <summary>Passes each pair of the table, or the single pair, to <paramref name="add"/>. A pair that MLflow would refuse is a
    /// non-terminating error.</summary>
    protected void ForEachPair(IDictionary? table, string name, object? value, Action<string, object?> add)
    {
        if (table is null)
        {
            Try(name, value, add);
            return;
        }

        foreach (object key in table.Keys)
            Try(ValueText.Of(key), table[key], add);
    }

    /// <summary>Passes the pair to <paramref name="add"/>. A pair that MLflow would refuse is an error.</summary>
    private protected void Try(string key, object? value, Action<string, object?> add)
    {
        try
        {
            SwitchTo(ResolveRun());
            CheckKey(key);
            add(key, value);
        }
        catch (MlflowException e) when (!e.EndsPipeline())
        {
            WriteError(e.ToErrorRecord(key));
        }
    }

    /// <summary>Adds a point for the run of this record.</summary>
    private protected void Add(Metric metric)
    {
        _metrics.Add(metric);
        FlushIf(_metrics.Count >= Limits.BatchMetrics);
    }

    /// <summary>Adds a param for the run of this record.</summary>
    private protected void Add(Param param)
    {
        _params.Add(param);
        FlushIf(_params.Count >= Limits.BatchParams);
    }

    /// <summary>Adds a tag for the run of this record.</summary>
    private protected void Add(Tag tag)
    {
        _tags.Add(tag);
        FlushIf(_tags.Count >= Limits.BatchTags);
    }

    /// <summary>Returns the value as MLflow stores it. A value that is too long is truncated, with a warning.</summary>
    protected string Cut(string key, object? value, int limit)
    {
        List<string> warnings = [];
        string text = ParamBuilder.Cut(key, ValueText.Of(value), limit, TruncatesLongValues, warnings);
        warnings.ForEach(WriteWarning);
        return text;
    }

    // All records of a series have the same key, so check it once.
    private void CheckKey(string key)
    {
        if (key == _validKey)
            return;
        if (Limits.WhyInvalidKey(key) is { } why)
        {
            throw new MlflowException(ErrorKind.InvalidValue,
                $"MLflow does not accept the key '{key}': {why}. Use '{Limits.ToValidKey(key)}', for example.")
            { Target = key };
        }

        _validKey = key;
    }

    private void SwitchTo(RunReference run)
    {
        if (_run is not null && _run.RunId != run.RunId)
            Flush();
        if (_run?.Store != run.Store)
            _validKey = null;
        _run = run;
    }

    private void FlushIf(bool isFull)
    {
        if (isFull || _sinceWrite.Elapsed > Longest)
            Flush();
    }

    private void Flush()
    {
        var data = new RunData { Metrics = [.. _metrics], Params = [.. _params], Tags = [.. _tags] };
        _metrics.Clear();
        _params.Clear();
        _tags.Clear();
        _sinceWrite.Restart();
        Settle();
        if (data.Count == 0 || _run is not { } run || !ShouldProcess(run.ToString(), $"Write {Describe(data)}"))
            return;
        _writing = Start(token => run.Store.WriteAsync(run.RunId, data, token));
    }

    // Waits for the previous batch, so that batches arrive in order. A refused batch does not stop the others.
    private void Settle()
    {
        Task writing = _writing;
        _writing = Task.CompletedTask;
        try
        {
            Await(writing);
        }
        catch (MlflowException e) when (!e.EndsPipeline())
        {
            WriteError(e.ToErrorRecord());
        }
    }

    private static string Describe(RunData data) => string.Join(", ", new[]
    {
        (data.Metrics.Count, "metric"), (data.Params.Count, "param"), (data.Tags.Count, "tag"),
    }.Where(kind => kind.Item1 > 0).Select(kind => ReadableCount.Format(kind.Item1, kind.Item2)));
}
