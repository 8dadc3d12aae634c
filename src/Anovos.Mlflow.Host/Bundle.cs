using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Anovos.Mlflow.Host;

/// <summary>
/// The files that PowerShell looks for: its engine and modules, and this module. They are beside the program. If the program is published
/// as a single file, they are embedded in it and unpacked to a folder that only this user can write to.
/// </summary>
internal sealed class Bundle : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private string? _temporary;

    /// <summary>Finds the bundle, and unpacks it if that was not done before.</summary>
    /// <exception cref="IOException">There is no folder to unpack it to.</exception>
    public Bundle()
    {
        using Stream? archive = typeof(Bundle).Assembly.GetManifestResourceStream("bundle.zip");
        Folder = AppContext.BaseDirectory;
        if (archive is null)
            return;
        using var zip = new ZipArchive(archive);
        Folder = Unpack(zip);

        // The engine's folder is $PSHOME. Add-Type looks for the folder 'ref' beside the entry assembly, which has no path in a single
        // file.
        Assembly engine = AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.Combine(Folder, "System.Management.Automation.dll"));
        Assembly.SetEntryAssembly(engine);
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) =>
            Directory.EnumerateFiles(Folder, name + ".*").Select(NativeLibrary.Load).FirstOrDefault();
    }

    /// <summary>The folder of the files.</summary>
    public string Folder { get; private set; }

    /// <summary>The module's manifest.</summary>
    public string Module => Path.Combine(Folder, "Modules", "Anovos.Mlflow", "Anovos.Mlflow.psd1");

    public void Dispose()
    {
        // Windows cannot delete a library that is in use.
        if (_temporary is not null && !OperatingSystem.IsWindows())
            Directory.Delete(_temporary, recursive: true);
    }

    private string Unpack(ZipArchive zip)
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        try
        {
            // Builds are deterministic: the id is a hash of everything compiled, including the archive.
            return Unpack(zip, Path.Combine(home, "anovos-mlflow", "host", typeof(Bundle).Module.ModuleVersionId.ToString("N")));
        }
        catch (Exception notAtHome) when (notAtHome is IOException or UnauthorizedAccessException)
        {
            try
            {
                // Where others can write, existing files cannot be trusted.
                _temporary = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

                // PowerShell's engine creates folders in the home folder too, and does not start without them.
                foreach (string variable in new[] { "XDG_CACHE_HOME", "XDG_DATA_HOME" })
                    Environment.SetEnvironmentVariable(variable, _temporary);
                return Unpack(zip, _temporary);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new IOException($"The module in this program cannot be unpacked to the home folder or to the temporary folder: {notAtHome.Message} {e.Message} Set TMPDIR to a writable folder.", e);
            }
        }
    }

    private static string Unpack(ZipArchive zip, string folder)
    {
        if (!Path.IsPathRooted(folder))
            throw new IOException("There is no home folder.");
        Directory.CreateDirectory(folder);

        // Fails if another user owns the folder.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, OwnerOnly);
        foreach (ZipArchiveEntry entry in zip.Entries)
            Unpack(entry, folder);
        return folder;
    }

    // Each file is written as a whole. Several processes may do this at the same time, and a damaged file is replaced.
    private static void Unpack(ZipArchiveEntry entry, string folder)
    {
        string path = Path.GetFullPath(Path.Combine(folder, entry.FullName));
        if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InvalidDataException($"The archive in this program has an entry outside of its folder: {entry.FullName}.");
        byte[] content = new byte[entry.Length];
        using (Stream stream = entry.Open())
            stream.ReadExactly(content);
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
            return;

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
