using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A store whose transfers share one concurrency limit with all others over the same connection.</summary>
internal interface ISharesConcurrency
{
    /// <summary>The limit, as learned so far.</summary>
    AdaptiveConcurrency Concurrency { get; }
}

/// <summary>Finds the concurrency limit of a store.</summary>
internal static class StoreConcurrency
{
    /// <summary>The limit that the store shares; a new one for a store without a server.</summary>
    public static AdaptiveConcurrency Concurrency(this IArtifactReader store) =>
        (store as ISharesConcurrency)?.Concurrency ?? new AdaptiveConcurrency();
}
