using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Anovos.Mlflow.Tests;

/// <summary>Members that tests use and .NET Framework does not have, where Polyfill does not bring them either.</summary>
internal static class Backports
{
    public static string Replace(this string text, string old, string by, StringComparison comparison) =>
        comparison == StringComparison.Ordinal ? text.Replace(old, by) : throw new NotSupportedException();

    extension(Task task)
    {
        public bool IsCompletedSuccessfully => task.Status == TaskStatus.RanToCompletion;
    }

    extension(double)
    {
        public static bool IsFinite(double value) => !double.IsNaN(value) && !double.IsInfinity(value);
    }

    extension(DateTimeOffset)
    {
        public static DateTimeOffset UnixEpoch => DateTimeOffset.FromUnixTimeSeconds(0);
    }

    extension(Environment)
    {
        public static bool IsPrivilegedProcess => Path.DirectorySeparatorChar == '/' && geteuid() == 0;
    }

    extension(Directory)
    {
        public static void CreateSymbolicLink(string path, string target) => Link(path, target, isFolder: true);
    }

    /// <summary>A listener that stops is all that ends a wait for a connection here.</summary>
    public static async Task<TcpClient> AcceptTcpClientAsync(this TcpListener listener, CancellationToken cancellation)
    {
        using CancellationTokenRegistration stop = cancellation.Register(listener.Stop);
        return await listener.AcceptTcpClientAsync();
    }

    public static void Link(string path, string target, bool isFolder)
    {
        if (Path.DirectorySeparatorChar == '/')
        {
            if (symlink(target, path) != 0)
                throw new IOException($"'{path}' cannot be made a link to '{target}'.");
        }
        else if (!CreateSymbolicLinkW(path, target, isFolder ? 1 : 0))
        {
            throw new IOException(new Win32Exception(Marshal.GetLastWin32Error()).Message);
        }
    }

    [DllImport("libc")]
    private static extern uint geteuid();

    [DllImport("libc", SetLastError = true)]
    private static extern int symlink(string target, string path);

    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    [return: MarshalAs(UnmanagedType.U1)]
    private static extern bool CreateSymbolicLinkW(string path, string target, int flags);
}

/// <summary>Apart from the others, since two types get a member of the same name.</summary>
internal static class FileBackports
{
    extension(File)
    {
        public static void CreateSymbolicLink(string path, string target) => Backports.Link(path, target, isFolder: false);

        public static FileSystemInfo? ResolveLinkTarget(string link, bool returnFinalTarget)
        {
            byte[] target = new byte[4096];
            nint length = readlink(link, target, target.Length);
            return length > 0 && !returnFinalTarget
                ? new FileInfo(Encoding.UTF8.GetString(target, 0, (int)length)) : throw new FileNotFoundException();
        }
    }

    [DllImport("libc")]
    private static extern nint readlink(string link, byte[] target, nint length);
}
