namespace Anovos.Mlflow.Tracking;

/// <summary>A store that passes calls on to another one, as the fallback does while its server can be reached.</summary>
internal interface IStoreWrapper
{
    /// <summary>The store behind this one.</summary>
    ITrackingStore Inner { get; }
}

/// <summary>Looks behind wrappers.</summary>
internal static class StoreWrapper
{
    /// <summary>The store itself or the one it wraps, if it is a <typeparamref name="T"/>; else null.</summary>
    public static T? As<T>(this ITrackingStore store)
        where T : class, ITrackingStore =>
        store as T ?? (store as IStoreWrapper)?.Inner.As<T>();
}
