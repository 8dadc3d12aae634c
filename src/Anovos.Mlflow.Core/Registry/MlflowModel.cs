namespace Anovos.Mlflow.Registry;

/// <summary>A model in a folder of this machine, with the contents of its <c>MLmodel</c> file.</summary>
public sealed record MlflowModel
{
    /// <summary>The folder.</summary>
    public required string Path { get; init; }

    /// <summary>The URI that it was downloaded from.</summary>
    public string ModelUri { get; init; } = "";

    /// <summary>The registered model's name; empty if it is not a registered model.</summary>
    public string Name { get; init; } = "";

    /// <summary>The version number; null if it is not a version.</summary>
    public long? Version { get; init; }

    /// <summary>The number of files.</summary>
    public int Files { get; init; }

    /// <summary>The size of all files, in bytes.</summary>
    public long Length { get; init; }

    /// <summary>The flavors and their settings, such as <c>python_function</c>; empty if the folder has no <c>MLmodel</c>.</summary>
    public IReadOnlyDictionary<string, object?> Flavors { get; init; } = new Dictionary<string, object?>();

    /// <summary>The inputs and outputs; null if the model does not declare them.</summary>
    public ModelSignature? Signature { get; init; }

    /// <summary>The run that created it; empty if none is named.</summary>
    public string RunId { get; init; } = "";

    /// <summary>Its own id; empty where it has none.</summary>
    public string ModelUuid { get; init; } = "";

    /// <summary>The id of the logged model of MLflow 3; empty if it is not one.</summary>
    public string ModelId { get; init; } = "";

    /// <summary>The size in bytes that MLflow recorded when the model was saved; null if it did not.</summary>
    public long? ModelSizeBytes { get; init; }

    /// <summary>The version of MLflow that saved it.</summary>
    public string MlflowVersion { get; init; } = "";

    /// <summary>When it was saved.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>The fields of its <c>MLmodel</c> that cannot be read, each with its position and the reason.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Path;
}

/// <summary>The inputs and outputs of a model.</summary>
/// <param name="Inputs">The columns or tensors of the input.</param>
/// <param name="Outputs">The columns or tensors of the output.</param>
/// <param name="Params">The params that can be set for a prediction.</param>
public sealed record ModelSignature(IReadOnlyList<ModelField> Inputs, IReadOnlyList<ModelField> Outputs, IReadOnlyList<ModelField> Params)
{
    /// <inheritdoc/>
    public override string ToString() => $"({string.Join(", ", Inputs)}) -> ({string.Join(", ", Outputs)})";
}

/// <summary>A column, a tensor or a param of a signature.</summary>
/// <param name="Name">The name; empty if it has none.</param>
/// <param name="Type">The type in MLflow's terms, such as <c>double</c>; for a tensor, the type of its numbers.</param>
/// <param name="IsRequired">Whether a value is required.</param>
public sealed record ModelField(string Name, string Type, bool IsRequired)
{
    /// <summary>The shape of a tensor, with -1 for a dimension of any length; empty for a column.</summary>
    public IReadOnlyList<long> Shape { get; init; } = [];

    /// <summary>The default of a param, as JSON; null if it has none.</summary>
    public string? Default { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}{(Name.Length > 0 ? ": " : "")}{Type}{(Shape.Count > 0 ? $"[{string.Join(",", Shape)}]" : "")}{(IsRequired ? "" : "?")}";
}
