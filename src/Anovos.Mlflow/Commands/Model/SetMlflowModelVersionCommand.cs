using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Changes a version of a registered model: its description, its tags, its stage.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowModelVersion", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.ModelVersion")]
public sealed class SetMlflowModelVersionCommand : ModelChangeCommand
{
    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The number of the version.</summary>
    [Parameter(Position = 1, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ModelVersionCompleter))]
    public long Version { get; set; }

    /// <summary>The stage to move it to. MLflow is giving stages up: aliases take their place.</summary>
    [Parameter]
    [ValidateSet("None", "Staging", "Production", "Archived")]
    public string? Stage { get; set; }

    /// <summary>Moves the versions that are in the stage to Archived.</summary>
    [Parameter]
    public SwitchParameter ArchiveExisting { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        string name = ResolveModelName(registry, Name);
        if (RemoveTag.Length > 0)
            WarnOfMissingTags($"Version {Version} of '{name}'", Await(token => registry.Versions.GetAsync(name, Version, token)).Tags);
        var change = new ModelChange(Description, ToTags(Tag), RemoveTag) { Stage = Stage, ArchiveExisting = ArchiveExisting };
        if (!change.IsNone && !ShouldProcess($"version {Version} of '{name}' at {registry.TrackingUri}", change.ToString()))
            return;
        Await(token => change.ApplyAsync(registry, name, Version, token));
        if (PassThru)
            WriteObject(Await(token => registry.Versions.GetAsync(name, Version, token)));
    }
}
