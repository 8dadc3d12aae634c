using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Records the length of metric files in a file of the run while a writer appends to them. An unterminated line after that length is
/// incomplete: this writer is writing it, or wrote it before it was killed. Any other unterminated line is complete and was written by
/// another program.
/// </summary>
internal static class GrowthNotes
{
    private const string FileName = ".growing";

    /// <summary>Appends to metric files. The caller holds the lock of the run.</summary>
    public static void Append(
        string runFolder, KeyFiles metrics, IReadOnlyList<IGrouping<string, Metric>> points, CancellationToken cancellationToken)
    {
        if (points.Count == 0)
            return;
        using FileStream notes = Open(runFolder, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        Settle(notes, metrics, cancellationToken);
        Write(notes, points.Select(group => (group.Key, metrics.FileOf(group.Key) is { Exists: true } file ? file.Length : 0)));
        foreach (IGrouping<string, Metric> group in points)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string file = metrics.FileOf(group.Key).FullName;
            SharedFile.Append(file, lines => MetricFile.Write(lines, group), MetricFile.IsHalf, cancellationToken);
        }

        notes.SetLength(0);
    }

    /// <summary>Whether an unterminated line at an offset of a metric's file is complete.</summary>
    public static bool IsWhole(string runFolder, string key, long offset)
    {
        try
        {
            using FileStream notes = Open(runFolder, FileMode.Open, FileAccess.Read);
            return !Read(notes).Any(note => note.Key == key && note.Length <= offset);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
    }

    // A writer that was killed may have left an incomplete line in any of its files.
    private static void Settle(FileStream notes, KeyFiles metrics, CancellationToken cancellationToken)
    {
        foreach ((string key, long length) in Read(notes))
            SharedFile.CutHalfLine(metrics.FileOf(key).FullName, length, cancellationToken);
    }

    private static void Write(FileStream notes, IEnumerable<(string Key, long Length)> lengths)
    {
        IEnumerable<string> lines = lengths.Select(note => $"{note.Length.ToString(CultureInfo.InvariantCulture)} {note.Key}\n");
        byte[] bytes = SharedFile.Utf8.GetBytes(string.Concat(lines));
        notes.SetLength(0);
        notes.Position = 0;
        notes.Write(bytes, 0, bytes.Length);
        notes.Flush();
    }

    // A note without a line end is incomplete: its writer was killed before it touched a metric.
    private static List<(string Key, long Length)> Read(FileStream notes)
    {
        var found = new List<(string, long)>();
        if (notes.Length == 0)
            return found;
        string text = SharedFile.ReadFrom(notes, 0);
        foreach (string line in text.Substring(0, text.LastIndexOf('\n') + 1).Split('\n'))
        {
            int space = line.IndexOf(' ');
            string key = line.Substring(space + 1);
            if (space > 0 && StoreLimits.Mlflow.WhyInvalidKey(key) is null
                && long.TryParse(line.Substring(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            {
                found.Add((key, length));
            }
        }

        return found;
    }

    private static FileStream Open(string runFolder, FileMode mode, FileAccess access) =>
        new(Path.Combine(runFolder, FileName), mode, access, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
}
