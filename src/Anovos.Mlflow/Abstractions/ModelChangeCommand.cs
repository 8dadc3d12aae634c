using System.Collections;
using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that changes the description and tags of a registered model or a model version.</summary>
public abstract class ModelChangeCommand : RegistryCommand
{
    /// <summary>The description; an empty text removes it.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Description { get; set; }

    /// <summary>Tags to set; other tags do not change.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Tag { get; set; }

    /// <summary>Names of tags to remove.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RemoveTag { get; set; } = [];

    /// <summary>Returns the changed object.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Warns about tags to remove that do not exist: MLflow reports no error for these.</summary>
    /// <param name="owner">The name of the object that has the tags, for the warning.</param>
    /// <param name="tags">The existing tags.</param>
    private protected void WarnOfMissingTags(string owner, IReadOnlyDictionary<string, string> tags)
    {
        foreach (string key in RemoveTag.Where(key => !tags.ContainsKey(key)))
            WriteWarning($"{owner} does not have the tag '{key}'.");
    }
}
