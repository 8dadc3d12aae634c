using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A store behind a server, which others may be asking at the same time.</summary>
internal interface IServed
{
    /// <summary>How many transfers that server takes at once, as far as it is known.</summary>
    Concurrency Concurrency { get; }
}

/// <summary>How many transfers are under way at once.</summary>
internal static class Served
{
    /// <summary>What is known of the store's server; for a store that has none, what will be known of this transfer.</summary>
    public static Concurrency Concurrency(this IArtifactStore store) => (store as IServed)?.Concurrency ?? new Concurrency();
}
