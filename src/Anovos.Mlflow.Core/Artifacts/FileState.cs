namespace Anovos.Mlflow.Artifacts;

/// <summary>What tells whether a file changed without reading it.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Written">Ticks of the last write, UTC.</param>
internal sealed record FileState(long Length, long Written)
{
    /// <summary>What a bucket calls this very content; null for a file.</summary>
    public string? ETag { get; init; }

    // The clock of a file system ticks more slowly than the processor's; that of some only every two seconds.
    private static readonly long Tick = TimeSpan.FromMilliseconds(50).Ticks;
    private static readonly long SlowTick = TimeSpan.FromSeconds(2).Ticks;

    /// <summary>The file's state now; that of the file itself where a link leads to it.</summary>
    public static FileState Of(FileInfo file)
    {
        file.Refresh();
        FileInfo itself = FileLinks.Follow(file) ?? file;
        return new FileState(itself.Length, itself.LastWriteTimeUtc.Ticks);
    }

    /// <summary>
    /// Whether the file had been at rest so long before a moment that a later write must show in its time. Otherwise a write in
    /// the same tick of the clock may have left the time as it was.
    /// </summary>
    public static bool IsSettled(long written, long moment) => moment - written > (written % TimeSpan.TicksPerSecond == 0 ? SlowTick : Tick);
}
