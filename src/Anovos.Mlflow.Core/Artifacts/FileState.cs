namespace Anovos.Mlflow.Artifacts;

/// <summary>The state of a file, which shows a change without reading the file.</summary>
/// <param name="Length">The length in bytes.</param>
/// <param name="Written">Ticks of the last write, UTC.</param>
internal sealed record FileState(long Length, long Written)
{
    /// <summary>The ETag that a bucket gives this content; null for a file.</summary>
    public string? ETag { get; init; }

    // File times are less precise than the clock; on some file systems they change only every two seconds.
    private static readonly long Tick = TimeSpan.FromMilliseconds(50).Ticks;
    private static readonly long SlowTick = TimeSpan.FromSeconds(2).Ticks;

    /// <summary>Returns the file's current state; for a link, that of its target.</summary>
    public static FileState Of(FileInfo file)
    {
        file.Refresh();
        FileInfo itself = FileLinks.Follow(file) ?? file;
        return new FileState(itself.Length, itself.LastWriteTimeUtc.Ticks);
    }

    /// <summary>
    /// Whether the last write was so long before a moment that a later write must change the file's time. Otherwise a write in the
    /// same tick of the clock may have left the time unchanged.
    /// </summary>
    public static bool IsSettled(long written, long moment) => moment - written > (written % TimeSpan.TicksPerSecond == 0 ? SlowTick : Tick);
}
