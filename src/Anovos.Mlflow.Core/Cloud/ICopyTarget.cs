namespace Anovos.Mlflow.Cloud;

/// <summary>An object that a store makes of another one by itself. Each request is repeated by itself.</summary>
internal interface ICopyTarget
{
    /// <summary>The most parts that the store takes.</summary>
    int MaxParts { get; }

    /// <summary>Begins the object.</summary>
    Task BeginAsync(PartPlan plan, CancellationToken cancellationToken);

    /// <summary>Copies a part, counted from zero. Several may be under way.</summary>
    Task CopyPartAsync(PartPlan plan, int index, CancellationToken cancellationToken);

    /// <summary>Makes the object of its parts. Fails for a source that was replaced meanwhile.</summary>
    Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken);

    /// <summary>Gives up what was begun, as far as the store lets it.</summary>
    Task AbandonAsync(CancellationToken cancellationToken);
}
