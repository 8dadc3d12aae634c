using System.Collections;
using System.Diagnostics;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// A cmdlet that writes metrics, params or tags to a run. It gathers them and writes batches: when one is full, when
/// the pipeline ends, and in a slow pipeline every few seconds. While one is written, the next is gathered.
/// </summary>
public abstract class RunDataCommand : RunCommand
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private readonly List<Metric> _metrics = [];
    private readonly List<Param> _params = [];
    private readonly List<Tag> _tags = [];
    private readonly Stopwatch _sinceWrite = Stopwatch.StartNew();
    private RunReference? _run;
    private Task _writing = Task.CompletedTask;

    /// <summary>What the store of the run accepts; known while a pair is taken.</summary>
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
        // Something before it in the pipeline failed: what is under way still arrives. After Ctrl+C it is cancelled.
        if (disposing)
            Task.WaitAny([_writing], Longest);
        base.Dispose(disposing);
    }

    /// <summary>Gives each pair of the table, or the one pair, to <paramref name="add"/>. A pair that MLflow would refuse is an error and stops no other.</summary>
    protected void ForEachPair(IDictionary? table, string name, object? value, Action<string, object?> add)
    {
        IEnumerable<(string Key, object? Value)> pairs = table is null ? [(name, value)] : table.Keys.Cast<object>().Select(key => (ValueText.Of(key), (object?)table[key]));
        foreach ((string key, object? item) in pairs)
        {
            try
            {
                SwitchTo(ResolveRun());
                if (Limits.WhyInvalidKey(key) is { } why)
                {
                    throw new MlflowException(ErrorKind.InvalidValue,
                        $"MLflow does not take the key '{key}': {why}. '{Limits.ToValidKey(key)}' would do.") { Target = key };
                }

                add(key, item);
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                WriteError(e.ToErrorRecord(key));
            }
        }
    }

    /// <summary>Takes data for the run that this record names.</summary>
    protected void Add(RunData data)
    {
        _metrics.AddRange(data.Metrics);
        _params.AddRange(data.Params);
        _tags.AddRange(data.Tags);
        bool full = _metrics.Count >= Limits.BatchMetrics || _params.Count >= Limits.BatchParams || _tags.Count >= Limits.BatchTags;
        if (full || _sinceWrite.Elapsed > Longest)
            Flush();
    }

    /// <summary>The value as MLflow keeps it: cut, with a warning, where it is too long.</summary>
    protected string Cut(string key, object? value, int limit)
    {
        List<string> warnings = [];
        string text = ParamBuilder.Cut(key, ValueText.Of(value), limit, TruncatesLongValues, warnings);
        warnings.ForEach(WriteWarning);
        return text;
    }

    private void SwitchTo(RunReference run)
    {
        if (_run is not null && _run.RunId != run.RunId)
            Flush();
        _run = run;
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

    // Ends the batch before, so that they arrive in order. One that is refused stops no other.
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
