using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Copies runs to another store.</summary>
[Cmdlet(VerbsCommon.Copy, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Copying.SyncResult", "Anovos.Mlflow.Copying.ModelResult")]
public sealed class CopyMlflowRunCommand : CopyCommand
{
    private readonly Dictionary<MlflowConnection, List<string>> _selected = [];

    /// <summary>Ids of runs, or runs from the pipeline, whose store is used.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string[] RunId { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        MlflowConnection source = ResolveSource();
        if (!_selected.TryGetValue(source, out List<string>? runIds))
            _selected[source] = runIds = [];
        runIds.AddRange(RunId);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        foreach (KeyValuePair<MlflowConnection, List<string>> source in _selected)
        {
            Copy(source.Key, (copier, _) =>
            {
                copier.Add(source.Value);
                return Task.CompletedTask;
            });
        }
    }
}
