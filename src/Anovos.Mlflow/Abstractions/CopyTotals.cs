using Anovos.Mlflow.Copying;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Sums up the data that a copy would send.</summary>
internal sealed class CopyTotals
{
    private readonly HashSet<string> _models = new(StringComparer.Ordinal);
    private int _runs, _new, _points, _files, _versions, _missing, _failed;
    private long _bytes;

    /// <summary>The number of runs, and how many of them the target does not have.</summary>
    public string Runs => $"{ReadableCount.Format(_runs, "run")} ({_new} new)";

    public void Add(SyncResult run)
    {
        _runs++;
        if (run.Status == "Failed")
            _failed++;
        else if (run.TargetRunId.Length == 0)
            _new++;
        _points += run.Points;
        _files += run.Artifacts;
        _bytes += run.Bytes;
        _missing += run.Missing.Count;
    }

    public void Add(ModelResult model)
    {
        _models.Add(model.Name);
        _failed += model.Error is null ? 0 : 1;
        _versions += model.Versions;
        _missing += model.Missing.Count;
    }

    /// <summary>Lists the points, files, versions and bytes to send, and the parts that are left out.</summary>
    public override string ToString()
    {
        List<string> parts =
        [
            ReadableCount.Format(_points, "point"),
            ReadableCount.Format(_files, "file"),
            $"{ByteSize.Format(_bytes)} to send",
        ];
        if (_models.Count > 0)
            parts.Add($"{ReadableCount.Format(_versions, "new version")} of {ReadableCount.Format(_models.Count, "registered model")}");
        if (_missing > 0)
            parts.Add($"{ReadableCount.Format(_missing, "part")} left out");
        if (_failed > 0)
            parts.Add($"{_failed} would fail");
        return string.Join(", ", parts);
    }
}
