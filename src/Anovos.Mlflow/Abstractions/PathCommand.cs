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

    /// <summary>Files, as literal paths.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Returns the files that match the parameters. A path without a match is the error <c>ConfigNotFound</c>.</summary>
    protected IEnumerable<string> ResolveFiles()
    {
        bool literal = ParameterSetName == "LiteralPath";
        return FileArguments.Resolve(this, literal ? LiteralPath : Path, literal, nameof(ErrorKind.ConfigNotFound));
    }
}
