#if NET
using System.Buffers.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>The resources used by a process, including its ended children that it waited for.</summary>
internal readonly record struct LinuxCost(long Ticks, long Read, long Written, bool HasBytes)
{
    public static LinuxCost operator +(LinuxCost one, LinuxCost other) =>
        new(one.Ticks + other.Ticks, one.Read + other.Read, one.Written + other.Written, one.HasBytes || other.HasBytes);
}

/// <summary>A process in <c>/proc</c>.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Id">Its id.</param>
/// <param name="Parent">The id of its parent.</param>
/// <param name="Started">Its start time, in ticks since the system started.</param>
internal sealed record LinuxProcess(string Folder, int Id, int Parent, long Started)
{
    // Fields of /proc/PID/stat after the program name, which may contain any character: proc_pid_stat(5), starting at "state".
    private const int State = 0, ParentId = 1, UserTime = 11, ChildrenSystemTime = 14, StartTime = 19, ResidentPages = 21;

    public (int Id, long Started) Key => (Id, Started);

    public long MemoryBytes { get; private init; }

    public bool IsZombie { get; private init; }

    public LinuxCost Cost { get; private init; }

    /// <summary>The ids of all processes.</summary>
    public static IEnumerable<int> Ids(string proc)
    {
        foreach (string folder in Directory.EnumerateDirectories(proc))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), out int id))
                yield return id;
        }
    }

    /// <summary>Adds the bytes that the process read from and wrote to disks, if this user is allowed to read them.</summary>
    public LinuxProcess WithBytes()
    {
        ReadOnlySpan<byte> text = Read("io");
        return After(text, "\nread_bytes: "u8) is { } read && After(text, "\nwrite_bytes: "u8) is { } written
            ? this with { Cost = Cost with { Read = read, Written = written, HasBytes = true } }
            : this;
    }

    public bool HasInEnvironment(byte[] mark) => Read("environ").AsSpan().IndexOf(mark) >= 0;

    /// <summary>Reads a process; null if it has ended.</summary>
    public static LinuxProcess? Of(string folder, int id)
    {
        ReadOnlySpan<byte> text = Read(folder, "stat");
        text = text[(text.LastIndexOf((byte)')') + 1)..];
        Span<long> fields = stackalloc long[ResidentPages + 1];
        bool isZombie = false;
        for (int i = 0; i < fields.Length; i++)
        {
            text = text.TrimStart((byte)' ');
            if (text.IsEmpty)
                return null;
            if (i == State)
                isZombie = text[0] is (byte)'Z' or (byte)'X';
            int end = text.IndexOf((byte)' ');
            _ = Utf8Parser.TryParse(text, out fields[i], out _);
            text = end < 0 ? [] : text[end..];
        }

        long ticks = 0;
        foreach (long time in fields[UserTime..(ChildrenSystemTime + 1)])
            ticks += time;
        return new LinuxProcess(folder, id, (int)fields[ParentId], fields[StartTime])
        {
            IsZombie = isZombie,
            MemoryBytes = fields[ResidentPages] * Environment.SystemPageSize,
            Cost = new LinuxCost(ticks, 0, 0, HasBytes: false),
        };
    }

    private static long? After(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        int at = text.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(text[(at + name.Length)..], out long value, out _) ? value : null;
    }

    private byte[] Read(string name) => Read(Folder, name);

    private static byte[] Read(string folder, string name)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(folder, name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // It has ended, or belongs to another user.
        }
    }
}
#endif
