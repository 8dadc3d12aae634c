using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Writes params to a run, given as a name and a value, as a hashtable, or as objects with Name and Value. A param keeps its first value.
/// </summary>
[Cmdlet(VerbsCommunications.Write, "MlflowParameter", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class WriteMlflowParameterCommand : RunDataCommand
{
    /// <summary>The param's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [Alias("Key")]
    public string Name { get; set; } = "";

    /// <summary>The value, written as text; numbers are written in invariant form.</summary>
    [Parameter(Position = 1, Mandatory = true, ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    public object? Value { get; set; }

    /// <summary>Names and values, as a hashtable.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Table", ValueFromPipeline = true)]
    [ValidateNotNull]
    public IDictionary Parameter { get; set; } = null!;

    /// <inheritdoc/>
    protected override void Process() =>
        ForEachPair(ParameterSetName == "Table" ? Parameter : null, Name, Value, (key, value) =>
            Add(new Param(key, Cut(key, value, Limits.ParamValue))));
}
