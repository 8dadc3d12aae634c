namespace Anovos.Mlflow.Processes;

/// <summary>The resource usage of a process and all processes that it started, at one moment.</summary>
/// <param name="CpuSeconds">The CPU time since the start, including ended processes, in seconds.</param>
/// <param name="MemoryBytes">The physical memory of the processes, in bytes. Shared memory counts for each process.</param>
/// <param name="Processes">The number of processes.</param>
internal sealed record TreeUsage(double CpuSeconds, long MemoryBytes, int Processes)
{
    /// <summary>The bytes read from disks since the start; null if the system does not provide them.</summary>
    public long? ReadBytes { get; init; }

    /// <summary>The bytes written to disks since the start; null if the system does not provide them.</summary>
    public long? WrittenBytes { get; init; }
}
