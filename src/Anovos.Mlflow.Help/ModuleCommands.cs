using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Microsoft.PowerShell;

namespace Anovos.Mlflow.Help;

/// <summary>The cmdlets of a module, as PowerShell reports them after importing it. They are valid until this object is disposed.</summary>
internal sealed class ModuleCommands : IDisposable
{
    private readonly Runspace _runspace;

    /// <summary>Imports the module.</summary>
    /// <exception cref="RuntimeException">It cannot be imported.</exception>
    public ModuleCommands(string manifest)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThrowOnRunspaceOpenError = true;

        // The machine's execution policy may forbid scripts, including a module's views.
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
