namespace Anovos.Mlflow.Processes;

/// <summary>The usage of a machine at one moment. A value is null if the system does not provide it.</summary>
internal sealed record MachineUsage(CpuTime? Cpu, MemoryUse? Memory, DiskUse? Disk, NetworkUse? Network);

/// <summary>CPU time of all processors since the system started, in seconds.</summary>
/// <param name="Busy">The time that the processors were busy.</param>
/// <param name="Total">The total time. It grows by the number of processors each second.</param>
internal readonly record struct CpuTime(double Busy, double Total);

/// <summary>Physical memory, in bytes.</summary>
internal readonly record struct MemoryUse(long Used, long Total);

/// <summary>A disk, in bytes. Space that is neither used nor available is reserved for the administrator.</summary>
internal readonly record struct DiskUse(long Used, long Available);

/// <summary>Bytes sent and received by the network interfaces since the system started.</summary>
internal readonly record struct NetworkUse(long Received, long Sent);
