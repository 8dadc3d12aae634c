using System.Management.Automation;
using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Checks workflow files down to the last argument: for errors in Anovos, for parts that it would ignore, and for oddities. Returns
/// nothing for a valid file.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "AnovosConfig", DefaultParameterSetName = "Path")]
[OutputType("Anovos.Mlflow.Configuration.ConfigDiagnostic")]
[OutputType(typeof(bool))]
public sealed class TestAnovosConfigCommand : PathCommand
{
    /// <summary>Returns only true or false for each file: whether Anovos can run it.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>Anovos' run type. Without it, a problem of some run types lists these run types.</summary>
    [Parameter]
    [ValidateSet("local", "databricks", "emr", "ak8s")]
    public string? RunType { get; set; }

    /// <summary>The folder that the workflow will run in. Input data below it is read; without this parameter, none is.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BasePath { get; set; }

    /// <summary>Reads no data, even with <c>-BasePath</c>.</summary>
    [Parameter]
    public SwitchParameter NoData { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var options = new WorkflowCheckOptions
        {
            RunType = RunType,
            BasePath = BasePath is null ? null : GetUnresolvedProviderPathFromPSPath(BasePath),
            ReadsData = BasePath is not null && !NoData,
        };
        foreach (string file in ResolveFiles())
        {
            try
            {
                IReadOnlyList<ConfigDiagnostic> found = Await(token => Task.FromResult(WorkflowCheck.Run(file, options, token)));
                if (Quiet)
                    WriteObject(!found.Any(item => item.IsError));
                else
                    Write(found);
            }
            catch (MlflowException e) when (Quiet)
            {
                WriteVerbose(e.Message);
                WriteObject(false);
            }
            catch (MlflowException e)
            {
                WriteError(e.ToErrorRecord(file));
            }
        }
    }

    private void Write(IReadOnlyList<ConfigDiagnostic> found)
    {
        foreach (ConfigDiagnostic item in found)
        {
            if (Pipeline is not null)
                Tell(Pipeline.Issue(item));
            WriteObject(item);
        }
    }
}
