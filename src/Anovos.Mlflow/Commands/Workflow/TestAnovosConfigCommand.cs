using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Says everything that is wrong or doubtful about workflow files; nothing for a sound one.</summary>
[Cmdlet(VerbsDiagnostic.Test, "AnovosConfig", DefaultParameterSetName = "Path")]
[OutputType("Anovos.Mlflow.Configuration.ConfigDiagnostic")]
[OutputType(typeof(bool))]
public sealed class TestAnovosConfigCommand : PathCommand
{
    /// <summary>Answers only, for each file, whether it can be used.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (string file in ResolveFiles())
        {
            try
            {
                IReadOnlyList<ConfigDiagnostic> found = Await(token => Task.FromResult(AnovosConfig.Check(file, token)));
                if (Quiet)
                    WriteObject(!found.Any(item => item.IsError));
                else
                    WriteObject(found, enumerateCollection: true);
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
}
