namespace Anovos.Mlflow.Checks;

/// <summary>The options of a workflow file check.</summary>
public sealed record WorkflowCheckOptions
{
    /// <summary>The run type. If it is null, a finding that applies only to some run types names them.</summary>
    public string? RunType { get; init; }

    /// <summary>The workflow's working directory, the base of its relative paths. Data outside of it are not read.</summary>
    public string? BasePath { get; init; }

    /// <summary>True if Anovos reads the <c>mlflow</c> block and tracks the run; false if it gets a file without the block.</summary>
    public bool AnovosTracks { get; init; } = true;

    /// <summary>Whether to read the headers of input data.</summary>
    public bool ReadsData { get; init; }
}
