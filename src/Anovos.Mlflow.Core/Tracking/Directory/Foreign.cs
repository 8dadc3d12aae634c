namespace Anovos.Mlflow.Tracking;

/// <summary>How a search deals with folders that only look like an experiment or a run, or that somebody is just removing.</summary>
internal static class Foreign
{
    /// <summary>What was read; null when it is not of this store or broken.</summary>
    public static T? Skip<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (MlflowException failure) when (failure.Kind == ErrorKind.StoreInvalid)
        {
            return null;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
