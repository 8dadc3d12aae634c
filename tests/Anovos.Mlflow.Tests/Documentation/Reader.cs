using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>A pwsh that a reader types into: one process for all pages, with a new session for each page.</summary>
public sealed class Reader : IDisposable
{
    private const string NewSession =
        """
        param($Folder, $Variables, $Module)
        Remove-Module Anovos.Mlflow -ErrorAction Ignore
        Remove-Item env:MLFLOW_*, env:DATABRICKS_*, env:ANOVOS_*, env:ARM_*
        foreach ($pair in $Variables.GetEnumerator()) { Set-Item "env:$($pair.Key)" $pair.Value }
        Set-Location $Folder
        [Environment]::CurrentDirectory = $Folder
        $PSStyle.OutputRendering = 'PlainText'
        $global:ProgressPreference = 'SilentlyContinue'
        Import-Module $Module
        """;

    private readonly Terminal _terminal = new();
    private readonly Process _process;
    private readonly Runspace _runspace;

    public Reader()
    {
        // The process ends with its standard input, so at the latest with this process.
        string pipe = $"anovos-mlflow-{Guid.NewGuid():N}";
        var start = new ProcessStartInfo(Repository.Pwsh, ["-NoLogo", "-NoProfile", "-NonInteractive", "-CustomPipeName", pipe, "-Command", "$null = [Console]::In.ReadLine()"]) { RedirectStandardInput = true };
        CleanProcess.Give(start, CleanEnvironment.Variables);
        start.Environment["NO_COLOR"] = "1";
        _process = Process.Start(start)!;
        _runspace = RunspaceFactory.CreateRunspace(new NamedPipeConnectionInfo(pipe, openTimeout: 30_000), _terminal, null);
        _runspace.Open();
    }

    /// <summary>Opens a new session, without anything from an earlier one.</summary>
    internal void Begin(World world)
    {
        _runspace.ResetRunspaceState();
        using PowerShellPipeline pipeline = PowerShellPipeline.Create(_runspace);
        pipeline.AddScript(NewSession).AddParameter("Folder", world.Folder).AddParameter("Variables", world.Variables).AddParameter("Module", Repository.StagedModule).Invoke();
        Assert.Empty(pipeline.Streams.Error);
    }

    /// <summary>Types a text, statement by statement; returns the text of the window and the errors in it.</summary>
    internal Answer Type(string text)
    {
        StatementAst[] statements = [.. Parser.ParseInput(text, out _, out _).EndBlock?.Statements ?? Enumerable.Empty<StatementAst>()];
        Answer[] answers = [.. (statements.Length == 0 ? [text] : statements.Select(statement => statement.Extent.Text)).Select(Enter)];
        return new Answer(string.Concat(answers.Select(answer => answer.Text)), [.. answers.SelectMany(answer => answer.Errors)]);
    }

    // Record an error that ends a statement too, but not a caught error.
    private Answer Enter(string statement)
    {
        _terminal.Take();
        var earlier = (int)Invoke("$Error.Count").Single().BaseObject;
        bool isEnded = false;
        using (PowerShellPipeline pipeline = PowerShellPipeline.Create(_runspace))
        {
            pipeline.AddScript(statement).AddCommand("Out-Default");
            pipeline.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
            try
            {
                pipeline.Invoke();
            }
            catch (RuntimeException)
            {
                isEnded = true;
            }
        }

        if (isEnded)
            Invoke("$Error[0] | Out-Default");
        string text = _terminal.Take();
        IEnumerable<string[]> errors = Invoke($"$Error | Select-Object -First ($Error.Count - {earlier}) | ForEach-Object {{ $_.FullyQualifiedErrorId; \"$_\" }}").Select(item => $"{item}").Chunk(2);
        return new Answer(text, [.. errors.Reverse().Where(error => isEnded || text.Contains(error[1].Split('\n')[0].Trim(), StringComparison.Ordinal)).Select(error => new Failure(error[0], error[1]))]);
    }

    public void Dispose()
    {
        _runspace.Dispose();
        _process.StandardInput.Close();
        _process.WaitForExit(10_000);
        _process.Dispose();
    }

    private IReadOnlyList<PSObject> Invoke(string script)
    {
        using PowerShellPipeline pipeline = PowerShellPipeline.Create(_runspace);
        return pipeline.AddScript(script).Invoke();
    }
}

/// <summary>The result of a typed text: the text of the window, and the errors in it.</summary>
internal sealed record Answer(string Text, IReadOnlyList<Failure> Errors);

/// <summary>An error.</summary>
internal sealed record Failure(string Id, string Message);
