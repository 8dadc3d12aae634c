using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that reads files: <c>-Path</c> with wildcards, or <c>-LiteralPath</c>.</summary>
public abstract class PathCommand : MlflowCommand
{
    /// <summary>Files; wildcards are allowed.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Files, taken as they are.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The files that the parameters name; one that names nothing is an error of the kind <c>ConfigNotFound</c>.</summary>
    protected IEnumerable<string> ResolveFiles()
    {
        bool literal = ParameterSetName == "LiteralPath";
        return FileArguments.Resolve(this, literal ? LiteralPath : Path, literal, nameof(ErrorKind.ConfigNotFound));
    }
}
