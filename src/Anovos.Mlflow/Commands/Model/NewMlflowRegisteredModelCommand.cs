using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Creates a registered model, without a version.</summary>
[Cmdlet(VerbsCommon.New, "MlflowRegisteredModel", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.RegisteredModel")]
public sealed class NewMlflowRegisteredModelCommand : RegistryCommand
{
    /// <summary>The names, unique in the registry.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>The description of the model.</summary>
    [Parameter]
    public string? Description { get; set; }

    /// <summary>Tags of the model.</summary>
    [Parameter]
    public IDictionary? Tag { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        IReadOnlyList<Tag> tags = ToTags(Tag);
        ForEach(Name, name =>
        {
            if (ShouldProcess($"registered model '{name}' at {registry.TrackingUri}", "Create"))
                WriteObject(Await(token => registry.Models.CreateAsync(name, Description, tags, token)));
        });
    }
}
