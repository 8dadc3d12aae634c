namespace Anovos.Mlflow.Tracking;

/// <summary>Reads files in a store that other programs wrote and may be removing. An unreadable file does not affect the others.</summary>
internal static class ForeignFile
{
    /// <summary>
    /// Returns the result of <paramref name="read"/>; null if the folder does not belong to the store, is broken, or no longer exists.
    /// </summary>
    public static T? SkipUnreadable<T>(Func<T?> read)
        where T : class => Skip(read, _ => { }, path: "");

    /// <summary>
    /// Returns the result of <paramref name="read"/>; null if the file no longer exists or, with a warning, cannot be read.
    /// </summary>
    public static T? Skip<T>(Func<T?> read, Action<string> warn, string path)
        where T : class
    {
        try
        {
            return read();
        }
        catch (MlflowException failure) when (failure.Kind == ErrorKind.StoreInvalid)
        {
            warn(failure.Message);
            return null;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (path.Length > 0 && failure is (IOException or UnauthorizedAccessException))
        {
            warn($"{path} cannot be read and is left out: {failure.Message}");
            return null;
        }
    }
}
