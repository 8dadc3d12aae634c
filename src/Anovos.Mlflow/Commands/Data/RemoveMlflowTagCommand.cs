using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Removes tags of a run.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowTag", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowTagCommand : RunCommand
{
    /// <summary>The names of the tags.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [Alias("Key")]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        foreach (string name in Name)
        {
            if (!ShouldProcess(run.ToString(), $"Remove the tag '{name}'"))
                continue;
            try
            {
                Await(token => run.Store.DeleteTagAsync(run.RunId, name, token));
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                WriteError(e.ToErrorRecord(name));
            }
        }
    }
}
