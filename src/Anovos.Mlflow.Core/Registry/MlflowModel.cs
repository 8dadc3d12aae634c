namespace Anovos.Mlflow.Registry;

/// <summary>A model in a folder of this machine, and what its <c>MLmodel</c> file says of it.</summary>
public sealed record MlflowModel
{
    /// <summary>The folder.</summary>
    public required string Path { get; init; }

    /// <summary>The URI that it came from.</summary>
    public string ModelUri { get; init; } = "";

    /// <summary>The registered model's name; empty where it is of none.</summary>
    public string Name { get; init; } = "";

    /// <summary>The number of the version; null where it is none.</summary>
    public long? Version { get; init; }

    /// <summary>How many files it has.</summary>
    public int Files { get; init; }

    /// <summary>Bytes of all its files.</summary>
    public long Length { get; init; }

    /// <summary>Its flavors and what each says, as <c>python_function</c>; none where the folder has no <c>MLmodel</c>.</summary>
    public IReadOnlyDictionary<string, object?> Flavors { get; init; } = new Dictionary<string, object?>();

    /// <summary>What it takes and gives; null where it does not say.</summary>
    public ModelSignature? Signature { get; init; }

    /// <summary>The run that made it; empty where none is named.</summary>
    public string RunId { get; init; } = "";

    /// <summary>Its own id; empty where it has none.</summary>
    public string ModelUuid { get; init; } = "";

    /// <summary>The id of the logged model of MLflow 3 that it is; empty where it is none.</summary>
    public string ModelId { get; init; } = "";

    /// <summary>The size in bytes that MLflow noted as it was saved; null where it did not.</summary>
    public long? ModelSizeBytes { get; init; }

    /// <summary>The version of MLflow that saved it.</summary>
    public string MlflowVersion { get; init; } = "";

    /// <summary>When it was saved.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>The fields of its <c>MLmodel</c> that cannot be read, each with its place and the reason.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Path;
}

/// <summary>What a model takes and gives.</summary>
/// <param name="Inputs">The columns or tensors that it takes.</param>
/// <param name="Outputs">Those that it gives.</param>
/// <param name="Params">What can be set for one prediction.</param>
public sealed record ModelSignature(IReadOnlyList<ModelField> Inputs, IReadOnlyList<ModelField> Outputs, IReadOnlyList<ModelField> Params)
{
    /// <inheritdoc/>
    public override string ToString() => $"({string.Join(", ", Inputs)}) -> ({string.Join(", ", Outputs)})";
}

/// <summary>A column, a tensor or a param of a signature.</summary>
/// <param name="Name">The name; empty where it has none.</param>
/// <param name="Type">The type in MLflow's word, as <c>double</c>; of a tensor that of its numbers.</param>
/// <param name="IsRequired">Whether it must be given.</param>
public sealed record ModelField(string Name, string Type, bool IsRequired)
{
    /// <summary>The shape of a tensor, -1 for a side of any length; empty for a column.</summary>
    public IReadOnlyList<long> Shape { get; init; } = [];

    /// <summary>The JSON of a param's default; null where it has none.</summary>
    public string? Default { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}{(Name.Length > 0 ? ": " : "")}{Type}{(Shape.Count > 0 ? $"[{string.Join(",", Shape)}]" : "")}{(IsRequired ? "" : "?")}";
}
