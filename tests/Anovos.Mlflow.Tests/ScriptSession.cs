using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// A PowerShell session with the staged module, in its own empty folder: takes script text, returns objects and streams.
/// </summary>
internal sealed class ScriptSession : IDisposable
{
    private readonly Runspace _runspace;

    /// <param name="host">The window; by default there is none, and output to the window is lost.</param>
    public ScriptSession(PSHost? host = null)
    {
        Folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ImportPSModule(Path.Combine(Repository.StagedModule, "Anovos.Mlflow.psd1"));
        state.ThrowOnRunspaceOpenError = true;
        _runspace = host is null ? RunspaceFactory.CreateRunspace(state) : RunspaceFactory.CreateRunspace(host, state);
        _runspace.Open();
        _runspace.SessionStateProxy.Path.SetLocation(Folder);
    }

    /// <summary>The session's current folder.</summary>
    public string Folder { get; }

    /// <summary>Runs a script; throws a terminating error.</summary>
    public ScriptResult Run(string script, params (string Name, object? Value)[] variables)
    {
        using PowerShellPipeline pipeline = Create(script, variables);
        return new ScriptResult([.. pipeline.Invoke()], pipeline.Streams);
    }

    /// <summary>Creates a pipeline for a test that stops its script.</summary>
    public PowerShellPipeline Create(string script, params (string Name, object? Value)[] variables)
    {
        foreach ((string name, object? value) in variables)
            _runspace.SessionStateProxy.SetVariable(name, value);
        PowerShellPipeline pipeline = PowerShellPipeline.Create(_runspace);
        pipeline.AddScript(script);
        return pipeline;
    }

    /// <summary>The tracking URI of a database or a folder in the session's folder, or of the server.</summary>
    public string StoreUri(string where, Uri server) => where switch
    {
        "database" => "sqlite:///store.db",
        "folder" => Path.Combine(Folder, "store"),
        _ => server.ToString(),
    };

    /// <summary>Writes a file in the session's folder.</summary>
    public string Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose()
    {
        // Like a user who removes the module: this ends the session's runs in the environment of this process.
        Run("Remove-Module Anovos.Mlflow");
        _runspace.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>The output of a script.</summary>
internal sealed record ScriptResult(IReadOnlyList<PSObject> Output, PSDataStreams Streams)
{
    public ErrorRecord[] Errors { get; } = [.. Streams.Error];

    public string[] Warnings { get; } = [.. Streams.Warning.Select(warning => warning.Message)];

    public string[] Verbose { get; } = [.. Streams.Verbose.Select(verbose => verbose.Message)];

    /// <summary>The only output object.</summary>
    public dynamic Single => Assert.Single(Output);

    /// <summary>The texts of all output objects.</summary>
    public string[] Texts => [.. Output.Select(item => item?.ToString() ?? "")];

    /// <summary>Returns this result after asserting that no error was written.</summary>
    public ScriptResult Clean()
    {
        Assert.True(Errors.Length == 0, string.Join(Environment.NewLine, Errors.Select(error => $"{error} {error.InvocationInfo?.PositionMessage}")));
        return this;
    }
}
