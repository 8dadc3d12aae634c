namespace Anovos.Mlflow.Tracking;

/// <summary>Folders in a store that only look like an experiment or a run, or that another process is removing.</summary>
internal static class ForeignFile
{
    /// <summary>Returns the result of <paramref name="read"/>; null if the folder does not belong to the store, is broken, or is gone.</summary>
    public static T? SkipUnreadable<T>(Func<T?> read)
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
