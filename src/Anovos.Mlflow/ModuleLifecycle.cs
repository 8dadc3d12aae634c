using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.InteropServices;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell;

/// <summary>
/// Loads Core and the libraries it uses, apart from other modules' copies of them. PowerShell 7 gets a load context of
/// its own for them. Windows PowerShell loads them from their folder as they are needed, and each in the one version that
/// is there: that is what binding redirects would do, which a module cannot have. Only Core's name, and what Core and its
/// libraries ask for, is ever answered for.
/// </summary>
public sealed class ModuleLifecycle : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private const string CoreName = "Anovos.Mlflow.Core";
    private const string ContextName = "Anovos.Mlflow";
    private const string LoadContextName = "System.Runtime.Loader.AssemblyLoadContext";

    /// <inheritdoc/>
    public void OnImport()
    {
        Assembly module = typeof(ModuleLifecycle).Assembly;
        if (AppDomain.CurrentDomain.GetAssemblies().Any(IsOurCore))
            return; // imported before: an assembly stays, and so does its resolver

        Assembly core = LoadCore();
        AppDomain.CurrentDomain.AssemblyResolve += (_, request) =>
        {
            var name = new AssemblyName(request.Name);
            if (request.RequestingAssembly is null || request.RequestingAssembly == module)
                return name.Name == CoreName ? core : null;
            return IsIn(request.RequestingAssembly, FrameworkFolder) && FindDependency(FrameworkFolder, name) is { } file ? Assembly.LoadFrom(file) : null;
        };
    }

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        if (Runspace.DefaultRunspace is { } runspace)
            MlflowSession.Forget(runspace);
    }

    /// <summary>The file of a folder that meets a reference: of that name, and in no older version.</summary>
    internal static string? FindDependency(string folder, AssemblyName reference)
    {
        string file = Path.Combine(folder, reference.Name + ".dll");
        return File.Exists(file) && (reference.Version is null || AssemblyName.GetAssemblyName(file).Version >= reference.Version) ? file : null;
    }

    private static string FrameworkFolder => DependencyFolder("netstandard2.0");

    private static string DependencyFolder(string framework) =>
        Path.Combine(Path.GetDirectoryName(typeof(ModuleLifecycle).Assembly.Location)!, "deps", framework);

    private static bool IsIn(Assembly assembly, string folder) =>
        !assembly.IsDynamic && assembly.Location.StartsWith(folder, StringComparison.OrdinalIgnoreCase);

    // netstandard2.0 has no AssemblyLoadContext, and Windows PowerShell neither: found by name.
    private static Type? ContextType => typeof(object).Assembly.GetType(LoadContextName) ?? Type.GetType($"{LoadContextName}, System.Runtime.Loader");

    // Somebody else may have loaded the same file, into another context.
    private static bool IsOurCore(Assembly assembly) =>
        assembly.GetName().Name == CoreName && IsIn(assembly, DependencyFolder(""))
        && (ContextType is not { } type || type.GetProperty("Name")!.GetValue(type.GetMethod("GetLoadContext")!.Invoke(null, [assembly])) is ContextName);

    private static Assembly LoadCore()
    {
        if (ContextType is not { } contextType)
            return Assembly.LoadFrom(Path.Combine(FrameworkFolder, CoreName + ".dll"));

        object context = Activator.CreateInstance(contextType, ContextName, /* isCollectible: */ false)!;
        var load = (Func<string, Assembly>)contextType.GetMethod("LoadFromAssemblyPath")!.CreateDelegate(typeof(Func<string, Assembly>), context);

        // All of them, now: a context asks the default one first for what it has not loaded yet, and would get another
        // module's copy. It costs less than 10 ms. Only what .NET itself has, compiled ahead, is better there.
        // A program that is a single file has .NET in it, and no file of it in that folder.
        string platform = RuntimeEnvironment.GetRuntimeDirectory();
        string? ahead = Environment.Version.Major >= 10 ? DependencyFolder($"net10.0-{RuntimeIdentifier}") : null;
        return Directory.GetFiles(DependencyFolder("net8.0"), "*.dll")
            .Where(file => !File.Exists(Path.Combine(platform, Path.GetFileName(file))) || FindDependency(platform, AssemblyName.GetAssemblyName(file)) is null)
            .Select(file => ahead is not null && Path.Combine(ahead, Path.GetFileName(file)) is var image && File.Exists(image) ? image : file)
            .Select(load).ToArray().Single(assembly => assembly.GetName().Name == CoreName);
    }

    // As the folders of what a release has compiled ahead are called: linux-x64.
    private static string RuntimeIdentifier =>
        $"{(RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "win" : RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? "linux" : "osx")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
}
