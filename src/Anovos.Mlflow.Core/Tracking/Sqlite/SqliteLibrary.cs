using System.Diagnostics;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Anovos.Mlflow.Tracking;

/// <summary>Connects Microsoft.Data.Sqlite to the native SQLite that is part of the module. It is loaded on first use.</summary>
internal static class SqliteLibrary
{
    private const string FileName = "e_sqlite3.dll";

    // Required for RETURNING. The module's own version is newer: https://sqlite.org/changes.html
    private static readonly Version Oldest = new(3, 35);

    // SQLitePCLRaw has one provider in each process.
    private static readonly Lazy<Version> Loaded = new(() =>
    {
        // PowerShell 7 has a load context for the module's libraries. Windows PowerShell finds a library by its name alone if the process
        // has already loaded it.
        if (typeof(object).Assembly.GetName().Name == "mscorlib" && Path.DirectorySeparatorChar == '\\')
            LoadOnWindows();
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        // Memory statistics cost SQLite a lock for each allocation. SQLite refuses this setting if another module already uses it.
        raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
        return Version.Parse(raw.sqlite3_libversion().utf8_to_string());
    });

    /// <summary>Loads SQLite.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.NotSupported"/> if it is missing, or if another module has loaded a version into the process that is too old.
    /// </exception>
    public static void Load()
    {
        Version version;
        try
        {
            version = Loaded.Value;
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw new MlflowException(ErrorKind.NotSupported,
                $"SQLite cannot be loaded on this system ({RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}): "
                + $"{failure.Message.Split('\n')[0].TrimEnd()} Use a folder or a server as the tracking URI.", failure);
        }

        if (version < Oldest)
        {
            throw new MlflowException(ErrorKind.NotSupported,
                $"Another module has loaded SQLite {version} into this process{WhoseItIs()}, but a database needs {Oldest} or later. "
                + "Start a new session and use this module first, or use PowerShell 7, where each module has its own.");
        }
    }

    private static void LoadOnWindows()
    {
        string runtime = $"win-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        string folder = Path.GetDirectoryName(typeof(SqliteLibrary).Assembly.Location)!;
        string[] places = [Path.Combine(folder, "..", "runtimes"), Path.Combine(folder, "runtimes")];
        string? file = places.Select(place => Path.GetFullPath(Path.Combine(place, runtime, "native", FileName))).FirstOrDefault(File.Exists);
        const uint AlteredSearchPath = 8;
        if (file is not null && LoadLibraryEx(file, IntPtr.Zero, AlteredSearchPath) == IntPtr.Zero)
            throw new DllNotFoundException($"{file}: {new System.ComponentModel.Win32Exception(Marshal.GetLastWin32Error()).Message}");
    }

    private static string WhoseItIs()
    {
        using Process process = Process.GetCurrentProcess();
        string? file = process.Modules.Cast<ProcessModule>()
            .FirstOrDefault(module => module.ModuleName.Contains("e_sqlite3"))?.FileName;
        return file is null ? "" : $" from '{file}'";
    }

    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true, EntryPoint = "LoadLibraryExW")]
    private static extern IntPtr LoadLibraryEx(string file, IntPtr reserved, uint flags);
}
