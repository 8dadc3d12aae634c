using System.Collections;
using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that changes what a registry says of a model, or of a version of one.</summary>
public abstract class ModelChangeCommand : RegistryCommand
{
    /// <summary>What it is; empty takes the description away.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Description { get; set; }

    /// <summary>Tags to set; the others stay.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Tag { get; set; }

    /// <summary>Names of tags to remove.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RemoveTag { get; set; } = [];

    /// <summary>Puts it out as it then stands.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Warns of tags to remove that do not exist: MLflow removes these without an error.</summary>
    /// <param name="owner">What has the tags.</param>
    /// <param name="tags">The tags that it has.</param>
    private protected void WarnOfMissingTags(string owner, IReadOnlyDictionary<string, string> tags)
    {
        foreach (string key in RemoveTag.Where(key => !tags.ContainsKey(key)))
            WriteWarning($"{owner} does not have the tag '{key}'.");
    }
}
