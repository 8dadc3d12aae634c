using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Changes the description, tags or name of a registered model.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowRegisteredModel", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.RegisteredModel")]
public sealed class SetMlflowRegisteredModelCommand : ModelChangeCommand
{
    /// <summary>The model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The new name of the model; its versions stay with it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewName { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        string name = ResolveModelName(registry, Name);
        if (RemoveTag.Length > 0)
            WarnOfMissingTags($"The registered model '{name}'", Await(token => registry.Models.GetAsync(name, token)).Tags);
        var change = new ModelChange(Description, ToTags(Tag), RemoveTag) { NewName = NewName };
        if (!change.IsNone && !ShouldProcess($"registered model '{name}' at {registry.TrackingUri}", change.ToString()))
            return;
        name = Await(token => change.ApplyAsync(registry, name, token));
        if (PassThru)
            WriteObject(Await(token => registry.Models.GetAsync(name, token)));
    }
}
