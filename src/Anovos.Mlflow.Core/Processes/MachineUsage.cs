namespace Anovos.Mlflow.Processes;

/// <summary>The use of a machine at one moment. A part is null where the system does not give it.</summary>
internal sealed record MachineUsage(CpuTime? Cpu, MemoryUse? Memory, DiskUse? Disk, NetworkUse? Network);

/// <summary>CPU time of all processors since the system started, in seconds.</summary>
/// <param name="Busy">The time in which they worked.</param>
/// <param name="Total">All of it: it grows by the number of processors each second.</param>
internal readonly record struct CpuTime(double Busy, double Total);

/// <summary>Physical memory, in bytes.</summary>
internal readonly record struct MemoryUse(long Used, long Total);

/// <summary>A disk, in bytes. What is neither used nor available is kept for the administrator.</summary>
internal readonly record struct DiskUse(long Used, long Available);

/// <summary>Bytes that passed the network interfaces since the system started.</summary>
internal readonly record struct NetworkUse(long Received, long Sent);
