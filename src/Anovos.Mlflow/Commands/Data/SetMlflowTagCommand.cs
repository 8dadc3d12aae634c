using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Sets tags of a run, given as a name and a value, as a hashtable, or as objects with Name and Value.</summary>
[Cmdlet(VerbsCommon.Set, "MlflowTag", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class SetMlflowTagCommand : RunDataCommand
{
    /// <summary>The tag's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [Alias("Key")]
    public string Name { get; set; } = "";

    /// <summary>The value.</summary>
    [Parameter(Position = 1, Mandatory = true, ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    public object? Value { get; set; }

    /// <summary>Names and values, as a hashtable.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Table", ValueFromPipeline = true)]
    [ValidateNotNull]
    public IDictionary Tag { get; set; } = null!;

    /// <inheritdoc/>
    protected override void Process() =>
        ForEachPair(ParameterSetName == "Table" ? Tag : null, Name, Value, (key, value) =>
            Add(new Tag(key, Cut(key, value, Limits.TagValue))));
}
