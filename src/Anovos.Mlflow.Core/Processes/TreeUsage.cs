namespace Anovos.Mlflow.Processes;

/// <summary>The use of a machine by a process and all that it started, at one moment.</summary>
/// <param name="CpuSeconds">CPU time since the start, with that of the processes that have ended.</param>
/// <param name="MemoryBytes">Physical memory of the processes; memory that several of them share counts for each.</param>
/// <param name="Processes">How many processes there are.</param>
internal sealed record TreeUsage(double CpuSeconds, long MemoryBytes, int Processes)
{
    /// <summary>Bytes read from disks since the start; null where the system does not give them.</summary>
    public long? ReadBytes { get; init; }

    /// <summary>Bytes written to disks since the start; null where the system does not give them.</summary>
    public long? WrittenBytes { get; init; }
}
