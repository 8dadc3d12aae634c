using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Microsoft.PowerShell;

namespace Anovos.Mlflow.Help;

/// <summary>The cmdlets of a module, as PowerShell has them once it is imported. They are good for as long as this is not disposed.</summary>
internal sealed class ModuleCommands : IDisposable
{
    private readonly Runspace _runspace;

    /// <summary>Imports the module.</summary>
    /// <exception cref="RuntimeException">It cannot be imported.</exception>
    public ModuleCommands(string manifest)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThrowOnRunspaceOpenError = true;

        // The policy of the machine may allow no scripts, and views of a module are such.
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = ExecutionPolicy.Bypass;
        state.ImportPSModule(Path.GetFullPath(manifest));
        _runspace = RunspaceFactory.CreateRunspace(state);
        _runspace.Open();
        using PowerShell pipeline = PowerShell.Create(_runspace);
        pipeline.AddCommand("Get-Command").AddParameter("Module", Path.GetFileNameWithoutExtension(manifest));
        Cmdlets = [.. pipeline.Invoke<CmdletInfo>()];
    }

    public IReadOnlyList<CmdletInfo> Cmdlets { get; }

    public void Dispose() => _runspace.Dispose();
}
