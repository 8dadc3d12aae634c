namespace Anovos.Mlflow.Cloud;

/// <summary>A server-side copy of an object, in parts. Each request is retried on its own.</summary>
internal interface IMultipartCopy
{
    /// <summary>The maximum number of parts.</summary>
    int MaxParts { get; }

    /// <summary>Creates the upload.</summary>
    Task CreateAsync(PartPlan plan, CancellationToken cancellationToken);

    /// <summary>Copies a part, counted from zero. May be called concurrently.</summary>
    Task CopyPartAsync(PartPlan plan, int index, CancellationToken cancellationToken);

    /// <summary>Completes the object. Fails if the source was replaced in the meantime.</summary>
    Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken);

    /// <summary>Aborts the upload and discards its parts, if the store can.</summary>
    Task AbortAsync(CancellationToken cancellationToken);
}
