#if !NET
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
#endif

namespace Anovos.Mlflow.Artifacts;

/// <summary>Follows links to files. The target of a link is sent, and its length differs from that of the link.</summary>
internal static class FileLinks
{
    /// <summary>Returns the file itself, or the final target of a link; null for a link without a target.</summary>
    public static FileInfo? Follow(FileInfo file)
    {
#if NET
        // The attributes are read together with the file's length and time; the target of a link needs another call.
        if (!file.Exists || (file.Attributes & FileAttributes.ReparsePoint) == 0 || file.LinkTarget is null)
            return file;
        try
        {
            return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target : null;
        }
        catch (IOException)
        {
            return null; // a circular link, or a link through a missing folder
        }
#else
        // .NET Framework has no method for this, and exists only on Windows.
        return file.Exists && (file.Attributes & FileAttributes.ReparsePoint) != 0 && WindowsName.IsWindows ? Target(file) : file;
#endif
    }

#if !NET
    private const uint ShareAll = 7, OpenExisting = 3, BackupSemantics = 0x02000000;
    private const int FileNotFound = 2, PathNotFound = 3, CannotResolve = 1921;

    // Opening a file follows links. Without any access rights, it works for locked files, and for files that a cloud drive keeps remotely.
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
