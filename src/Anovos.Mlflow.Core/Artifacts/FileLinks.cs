#if !NET
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
#endif

namespace Anovos.Mlflow.Artifacts;

/// <summary>Links to files are followed: what they lead to is sent, and it has another length than the link.</summary>
internal static class FileLinks
{
    /// <summary>The file itself, or that to which a link leads in the end; null for a link that leads nowhere.</summary>
    public static FileInfo? Follow(FileInfo file)
    {
#if NET
        // The attributes come with the file's length and time; to ask where it leads costs a call of its own.
        if (!file.Exists || (file.Attributes & FileAttributes.ReparsePoint) == 0 || file.LinkTarget is null)
            return file;
        try
        {
            return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target : null;
        }
        catch (IOException)
        {
            return null; // in a circle, or through what is not there
        }
#else
        // .NET Framework has no call for it, and is only on Windows.
        return file.Exists && (file.Attributes & FileAttributes.ReparsePoint) != 0 && WindowsName.IsWindows ? Target(file) : file;
#endif
    }

#if !NET
    private const uint ShareAll = 7, OpenExisting = 3, BackupSemantics = 0x02000000;
    private const int FileNotFound = 2, PathNotFound = 3, CannotResolve = 1921;

    // Opening follows links; without any access, neither a lock nor a file that a cloud drive keeps elsewhere is in the way.
    private static FileInfo? Target(FileInfo file)
    {
        using SafeFileHandle handle = CreateFileW(file.FullName, 0, ShareAll, IntPtr.Zero, OpenExisting, BackupSemantics, IntPtr.Zero);
        if (handle.IsInvalid)
            return Marshal.GetLastWin32Error() is FileNotFound or PathNotFound or CannotResolve ? null : file;
        var path = new StringBuilder(short.MaxValue);
        uint length = GetFinalPathNameByHandleW(handle, path, (uint)path.Capacity, 0);
        if (length == 0 || length >= path.Capacity)
            return file;
        return new FileInfo(LocalPath.WithoutPrefix(path.ToString())) is { Exists: true } target ? target : null;
    }

    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true, ExactSpelling = true)]
    private static extern SafeFileHandle CreateFileW(
        string path, uint access, uint share, IntPtr security, uint creation, uint flags, IntPtr template);

    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true, ExactSpelling = true)]
    private static extern uint GetFinalPathNameByHandleW(SafeFileHandle file, StringBuilder path, uint length, uint flags);
#endif
}
