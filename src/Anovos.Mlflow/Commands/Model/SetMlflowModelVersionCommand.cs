using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Changes the description, tags or stage of a model version.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowModelVersion", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.ModelVersion")]
public sealed class SetMlflowModelVersionCommand : ModelChangeCommand
{
    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The version number.</summary>
    [Parameter(Position = 1, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ModelVersionCompleter))]
    public long Version { get; set; }

    /// <summary>The stage to move the version to. MLflow has deprecated stages in favor of aliases.</summary>
    [Parameter]
    [ValidateSet("None", "Staging", "Production", "Archived")]
    public string? Stage { get; set; }

    /// <summary>Moves the versions that are already in the stage to Archived.</summary>
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
