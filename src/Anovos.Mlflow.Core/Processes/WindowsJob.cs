using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Anovos.Mlflow.Processes;

/// <summary>
/// A Windows job object. All processes that a child starts belong to it, even after their parent has ended. The child is created
/// suspended and runs only once it is in the job, so that none of its processes can escape. <see cref="Process"/> cannot do that.
/// </summary>
internal sealed partial class WindowsJob : IDisposable
{
    private const uint CreateSuspended = 0x4, CreateUnicodeEnvironment = 0x400, ExtendedStartupInfo = 0x80000, CreateNoWindow = 0x8000000;
    private const int UseStandardHandles = 0x100;
    private const int HandleList = 0x20002;

    private readonly SafeFileHandle _job = CreateJobObjectW(IntPtr.Zero, null);

    /// <summary>Starts a process in the job.</summary>
    /// <exception cref="Win32Exception">The process cannot be started.</exception>
    public StartedProcess Start(ProcessStartInfo start)
    {
        var output = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        var error = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        try
        {
            using var input = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.Inheritable);
            ProcessInformation created = Create(start, [Handle(input), Handle(output), Handle(error)]);
            using var main = new SafeFileHandle(created.Thread, ownsHandle: true);
            using var handle = new SafeFileHandle(created.Process, ownsHandle: true);
            try
            {
                if (!AssignProcessToJobObject(_job, created.Process))
                    throw new Win32Exception();

                // The process keeps its own handle, which is needed to read the exit code.
                Process process = Process.GetProcessById(created.ProcessId);
                _ = process.Handle;
                if (ResumeThread(created.Thread) == uint.MaxValue)
                    throw new Win32Exception();
                return new StartedProcess(process, output, error);
            }
            catch
            {
                TerminateProcess(created.Process, 1);
                throw;
            }
            finally
            {
                // Otherwise the pipes would stay open after the child ends.
                foreach (AnonymousPipeServerStream pipe in new[] { input, output, error })
                    pipe.DisposeLocalCopyOfClientHandle();
            }
        }
        catch
        {
            output.Dispose();
            error.Dispose();
            throw;
        }
    }

    /// <summary>Ends all processes of the job.</summary>
    public void End() => TerminateJobObject(_job, 1);

    public void Dispose() => _job.Dispose();

    /// <summary>The environment block of a process for Windows: sorted, with a NUL after each variable.</summary>
    internal static string EnvironmentBlock(IEnumerable<KeyValuePair<string, string?>> variables) =>
        string.Concat(variables.Where(variable => variable.Value is not null)
            .OrderBy(variable => variable.Key, StringComparer.OrdinalIgnoreCase)
            .Select(variable => $"{variable.Key}={variable.Value}\0")) + "\0";

    private static IntPtr Handle(AnonymousPipeServerStream pipe) => pipe.ClientSafePipeHandle.DangerousGetHandle();

    private static ProcessInformation Create(ProcessStartInfo start, IntPtr[] pipes)
    {
        string arguments = start.Arguments;
#if NET
        if (start.ArgumentList.Count > 0)
            arguments = CommandLine.Join(start.ArgumentList);
#endif
        var line = new StringBuilder($"\"{start.FileName.Trim('"')}\" {arguments}".TrimEnd());
        IntPtr size = IntPtr.Zero;
        _ = InitializeProcThreadAttributeList(IntPtr.Zero, 1, 0, ref size);
        IntPtr attributes = Marshal.AllocHGlobal(size);
        IntPtr environment = Marshal.StringToHGlobalUni(EnvironmentBlock(start.Environment));
        var inherited = GCHandle.Alloc(pipes, GCHandleType.Pinned);
        try
        {
            // Inherit only these handles: children started at the same time must not inherit each other's handles.
            var bytes = (IntPtr)(pipes.Length * IntPtr.Size);
            if (!InitializeProcThreadAttributeList(attributes, 1, 0, ref size)
                || !UpdateProcThreadAttribute(attributes, 0, (IntPtr)HandleList, inherited.AddrOfPinnedObject(), bytes, IntPtr.Zero, IntPtr.Zero))
            {
                throw new Win32Exception();
            }

            var startup = new StartupInformation
            {
                Size = Marshal.SizeOf<StartupInformation>(),
                Flags = UseStandardHandles,
                Input = pipes[0],
                Output = pipes[1],
                Error = pipes[2],
                Attributes = attributes,
            };
            bool isCreated = CreateProcessW(
                null, line, IntPtr.Zero, IntPtr.Zero, inheritHandles: true,
                CreateSuspended | CreateUnicodeEnvironment | ExtendedStartupInfo | CreateNoWindow,
                environment, start.WorkingDirectory is { Length: > 0 } folder ? folder : null, ref startup, out ProcessInformation created);
            DeleteProcThreadAttributeList(attributes);
            return isCreated ? created : throw new Win32Exception();
        }
        finally
        {
            inherited.Free();
            Marshal.FreeHGlobal(environment);
            Marshal.FreeHGlobal(attributes);
        }
    }

    [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true, ExactSpelling = true)]
    private static extern SafeFileHandle CreateJobObjectW(IntPtr attributes, string? name);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool AssignProcessToJobObject(SafeFileHandle job, IntPtr process);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool TerminateJobObject(SafeFileHandle job, uint exitCode);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool TerminateProcess(IntPtr process, uint exitCode);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern uint ResumeThread(IntPtr thread);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool InitializeProcThreadAttributeList(IntPtr list, int count, int flags, ref IntPtr size);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool UpdateProcThreadAttribute(
        IntPtr list, uint flags, IntPtr attribute, IntPtr value, IntPtr size, IntPtr previous, IntPtr returned);

    [DllImport("kernel32", ExactSpelling = true)]
    private static extern void DeleteProcThreadAttributeList(IntPtr list);

    [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true, ExactSpelling = true)]
    private static extern bool CreateProcessW(
        string? application, StringBuilder commandLine, IntPtr processAttributes, IntPtr threadAttributes, bool inheritHandles, uint flags,
        IntPtr environment, string? folder, ref StartupInformation startup, out ProcessInformation created);

    // STARTUPINFOEXW
    [StructLayout(LayoutKind.Sequential)]
    private struct StartupInformation
    {
        public int Size;
        public IntPtr Reserved, Desktop, Title;
        public int X, Y, Width, Height, Columns, Rows, Fill, Flags;
        public short Show, ReservedLength;
        public IntPtr ReservedBytes, Input, Output, Error, Attributes;
    }

    // PROCESS_INFORMATION
    [StructLayout(LayoutKind.Sequential)]
    private struct ProcessInformation
    {
        public IntPtr Process, Thread;
        public int ProcessId, ThreadId;
    }
}
