namespace Anovos.Mlflow.Tracking;

/// <summary>The logged models that a run reads and those that it created.</summary>
/// <param name="Inputs">The ids of the models that it reads.</param>
/// <param name="Outputs">The models that it created.</param>
internal sealed record ModelLinks(IReadOnlyList<string> Inputs, IReadOnlyList<ModelOutput> Outputs)
{
    /// <summary>No models.</summary>
    public static ModelLinks None { get; } = new([], []);
}

/// <summary>A logged model that a run created.</summary>
/// <param name="ModelId">The id of the model.</param>
/// <param name="Step">The step at which it was created.</param>
internal sealed record ModelOutput(string ModelId, long Step);
