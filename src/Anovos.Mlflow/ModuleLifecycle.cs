using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell;

/// <summary>
/// Loads Core, isolated from other modules, and its libraries on first use. In PowerShell 7, they have their own load context:
/// see Anovos.Mlflow.Loader. Windows PowerShell loads them from their folder. All references resolve to the version in that
/// folder, because a module cannot have binding redirects.
/// </summary>
public sealed class ModuleLifecycle : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private const string CoreName = "Anovos.Mlflow.Core";

    // Several runspaces may import at the same time. The resolver must be registered when each import returns.
    private static readonly object Importing = new();

    private static string Dependencies { get; } = Path.Combine(Path.GetDirectoryName(typeof(ModuleLifecycle).Assembly.Location)!, "deps");

    private static string FrameworkFolder { get; } = Path.Combine(Dependencies, "netstandard2.0");

    private static bool IsWindowsPowerShell => typeof(object).Assembly.GetName().Name == "mscorlib";

    /// <inheritdoc/>
    public void OnImport()
    {
        lock (Importing)
        {
            // Assemblies are never unloaded, so a later import has nothing to do.
            if ((IsWindowsPowerShell ? LoadFrameworkCore() : LoadCore()) is { } core)
                AppDomain.CurrentDomain.AssemblyResolve += (_, request) => Resolve(request, core);
        }
    }

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        if (Runspace.DefaultRunspace is { } runspace)
            MlflowSession.Forget(runspace);
    }

    /// <summary>Finds the file in a folder that satisfies a reference: it has the same name, and its version is not older.</summary>
    internal static string? FindDependency(string folder, AssemblyName reference)
    {
        string file = Path.Combine(folder, reference.Name + ".dll");
        return File.Exists(file) && (reference.Version is null || AssemblyName.GetAssemblyName(file).Version >= reference.Version) ? file : null;
    }

    private static Assembly? Resolve(ResolveEventArgs request, Assembly core)
    {
        var name = new AssemblyName(request.Name);
        if (request.RequestingAssembly is null || request.RequestingAssembly == typeof(ModuleLifecycle).Assembly)
            return name.Name == CoreName ? core : null;
        return IsFramework(request.RequestingAssembly) && FindDependency(FrameworkFolder, name) is { } file
            ? Assembly.LoadFrom(file)
            : null;
    }

    // Called by reflection: netstandard2.0 has no AssemblyLoadContext.
    private static Assembly? LoadCore()
    {
        Assembly loader = Assembly.LoadFrom(Path.Combine(Dependencies, "net8.0", "Anovos.Mlflow.Loader.dll"));
        MethodInfo load = loader.GetType("Anovos.Mlflow.Loading.ModuleLoadContext", throwOnError: true)!.GetMethod("LoadCore")!;
        return ((Func<string, Assembly?>)load.CreateDelegate(typeof(Func<string, Assembly?>)))(Dependencies);
    }

    private static Assembly? LoadFrameworkCore() =>
        AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetName().Name == CoreName && IsFramework(assembly))
            ? null
            : Assembly.LoadFrom(Path.Combine(FrameworkFolder, CoreName + ".dll"));

    private static bool IsFramework(Assembly assembly) =>
        !assembly.IsDynamic && assembly.Location.StartsWith(FrameworkFolder, StringComparison.OrdinalIgnoreCase);
}
