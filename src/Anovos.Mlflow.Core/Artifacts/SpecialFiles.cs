#if NET
using System.Runtime.InteropServices;
using System.Text;
#endif

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Detects special files, because .NET itself treats them as regular files. Opening a named pipe waits for a writer, and a device may
/// never end.
/// </summary>
internal static class SpecialFiles
{
    /// <summary>Returns what it is, such as <c>a named pipe</c>; null for a file or folder, and for a missing path.</summary>
    public static string? Describe(string path)
    {
#if NET
        if (OperatingSystem.IsWindows())
            return null;
        try
        {
            // .NET's own shim, the same on every Unix; the mode is its second field.
            Span<byte> status = stackalloc byte[256];
            if (Stat(Encoding.UTF8.GetBytes(path + '\0'), ref MemoryMarshal.GetReference(status)) != 0)
                return null;
            return (BitConverter.ToInt32(status[4..]) & 0xF000) switch
            {
                0x1000 => "a named pipe",
                0xC000 => "a socket",
                0x2000 or 0x6000 => "a device",
                _ => null,
            };
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
#else
        // On Windows there are none.
        return null;
#endif
    }

#if NET
    [DllImport("libSystem.Native", EntryPoint = "SystemNative_Stat")]
    private static extern int Stat(byte[] path, ref byte status);
#endif
}
