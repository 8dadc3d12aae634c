using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Anovos.Mlflow.Loading;

/// <summary>
/// Loads Core and its libraries on first use, isolated from other modules' copies: .NET asks this context before the default
/// one, which holds PowerShell's assemblies and those of other modules.
/// </summary>
public sealed class ModuleLoadContext : AssemblyLoadContext
{
    private readonly string _libraries;
    private readonly string _images;
    private readonly string _nativeLibraries;

    private ModuleLoadContext(string dependencies) : base("Anovos.Mlflow")
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsLinux() ? "linux" : "osx";
        string processor = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        _libraries = Path.Combine(dependencies, "net8.0");
        _images = Path.Combine(dependencies, $"net10.0-{system}-{processor}");
        string nativeSystem = UsesMusl() ? "linux-musl" : system;
        _nativeLibraries = Path.Combine(dependencies, "runtimes", $"{nativeSystem}-{processor}", "native");
    }

    /// <summary>Loads Core from the folder of the module's dependencies. Returns null if this process has already loaded it.</summary>
    public static Assembly? LoadCore(string dependencies)
    {
        foreach (AssemblyLoadContext context in All)
        {
            if (context is ModuleLoadContext)
                return null;
        }

        return new ModuleLoadContext(dependencies).LoadFromAssemblyName(new AssemblyName("Anovos.Mlflow.Core"));
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string file = assemblyName.Name + ".dll", library = Path.Combine(_libraries, file), image = Path.Combine(_images, file);
        if (!File.Exists(library) || IsInRuntime(file, library))
            return null;

        // .NET 8 and 9 reject images that were compiled for .NET 10.
        return LoadFromAssemblyPath(Environment.Version.Major >= 10 && File.Exists(image) ? image : library);
    }

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string file = OperatingSystem.IsWindows() ? $"{unmanagedDllName}.dll"
            : OperatingSystem.IsMacOS() ? $"lib{unmanagedDllName}.dylib"
            : $"lib{unmanagedDllName}.so";
        string library = Path.Combine(_nativeLibraries, file);
        return File.Exists(library) ? LoadUnmanagedDllFromPath(library) : 0;
    }

    // Alpine's libraries do not load under glibc, and glibc's do not load on Alpine. The identifier is that of the running .NET.
    private static bool UsesMusl() =>
        RuntimeInformation.RuntimeIdentifier is var name && (name.Contains("musl") || name.StartsWith("alpine", StringComparison.Ordinal));

    // .NET's own copy is compiled ahead of time, so it is preferred unless ours is newer. A single-file program has no such folder.
    private static bool IsInRuntime(string file, string library)
    {
        string runtime = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), file);
        return File.Exists(runtime) && AssemblyName.GetAssemblyName(runtime).Version >= AssemblyName.GetAssemblyName(library).Version;
    }
}
