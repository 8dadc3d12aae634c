namespace Anovos.Mlflow.Tracking;

/// <summary>A store that passes calls on to another store, like the fallback while its server can be reached.</summary>
internal interface IStoreWrapper
{
    /// <summary>The wrapped store.</summary>
    ITrackingStore Inner { get; }
}

/// <summary>Unwraps stores.</summary>
internal static class StoreWrapper
{
    /// <summary>Returns the store itself or the one it wraps, if it is a <typeparamref name="T"/>; otherwise null.</summary>
    public static T? As<T>(this ITrackingStore store)
        where T : class, ITrackingStore =>
        store as T ?? (store as IStoreWrapper)?.Inner.As<T>();
}
