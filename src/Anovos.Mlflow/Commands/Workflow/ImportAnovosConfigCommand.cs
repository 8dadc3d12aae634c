using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Reads Anovos workflow files. An error contains file, line and column, and the other files are still read.</summary>
[Cmdlet(VerbsData.Import, "AnovosConfig", DefaultParameterSetName = "Path")]
[OutputType("Anovos.Mlflow.Configuration.AnovosConfig")]
public sealed class ImportAnovosConfigCommand : PathCommand
{
    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (string file in ResolveFiles())
        {
            try
            {
                AnovosConfig config = Await(token => Task.FromResult(AnovosConfig.Load(file, token)));
                foreach (ConfigDiagnostic warning in config.Warnings)
                    WriteWarning(warning.ToString());
                foreach (ConfigDiagnostic note in config.Notes)
                    WriteVerbose(note.ToString());
                WriteObject(config);
            }
            catch (MlflowException e)
            {
                WriteError(e.ToErrorRecord(file));
            }
        }
    }
}
