namespace Anovos.Mlflow.Checks;

/// <summary>What a check of a workflow file knows beside the file.</summary>
public sealed record WorkflowCheckOptions
{
    /// <summary>The run type; without it, a fault of some run types names them.</summary>
    public string? RunType { get; init; }

    /// <summary>The workflow's working directory, from which its paths start. Data outside of it are not read.</summary>
    public string? BasePath { get; init; }

    /// <summary>True if Anovos reads the <c>mlflow</c> block, and tracks; false if it gets a file without it.</summary>
    public bool AnovosTracks { get; init; } = true;

    /// <summary>Whether headers of input data are read.</summary>
    public bool ReadsData { get; init; }
}
