using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell;

/// <summary>
/// Loads Core and the libraries it uses, apart from other modules' copies of them. PowerShell 7 gets a load context of
/// its own for them; Windows PowerShell loads them from their folder. Only the name of Core is ever answered for.
/// </summary>
public sealed class ModuleLifecycle : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private const string CoreName = "Anovos.Mlflow.Core";
    private const string LoadContextName = "System.Runtime.Loader.AssemblyLoadContext";

    /// <inheritdoc/>
    public void OnImport()
    {
        Assembly module = typeof(ModuleLifecycle).Assembly;
        if (AppDomain.CurrentDomain.GetAssemblies().Any(IsOurCore))
            return; // imported before: an assembly stays, and so does its resolver

        Assembly core = LoadCore();
        AppDomain.CurrentDomain.AssemblyResolve += (_, request) =>
            new AssemblyName(request.Name).Name == CoreName && (request.RequestingAssembly is null || request.RequestingAssembly == module) ? core : null;
    }

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        if (Runspace.DefaultRunspace is { } runspace)
            MlflowSession.Forget(runspace);
    }

    private static string DependencyFolder(string framework) =>
        Path.Combine(Path.GetDirectoryName(typeof(ModuleLifecycle).Assembly.Location)!, "deps", framework);

    private static bool IsOurCore(Assembly assembly) =>
        assembly.GetName().Name == CoreName && assembly.Location.StartsWith(DependencyFolder(""), StringComparison.OrdinalIgnoreCase);

    private static Assembly LoadCore()
    {
        // netstandard2.0 has no AssemblyLoadContext, and Windows PowerShell neither: found by name.
        Type? contextType = typeof(object).Assembly.GetType(LoadContextName) ?? Type.GetType($"{LoadContextName}, System.Runtime.Loader");
        Func<string, Assembly> load = Assembly.LoadFrom;
        string folder = DependencyFolder("netstandard2.0");
        if (contextType is not null)
        {
            object context = Activator.CreateInstance(contextType, "Anovos.Mlflow", /* isCollectible: */ false)!;
            load = (Func<string, Assembly>)contextType.GetMethod("LoadFromAssemblyPath")!.CreateDelegate(typeof(Func<string, Assembly>), context);
            folder = DependencyFolder("net8.0");
        }

        // All of them, now: a context asks the default one first for what it has not loaded yet, and would get another
        // module's copy.
        return Directory.GetFiles(folder, "*.dll").Select(load).ToArray().Single(assembly => assembly.GetName().Name == CoreName);
    }
}
