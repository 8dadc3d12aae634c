namespace Anovos.Mlflow;

/// <summary>Puts a finished file in its place in one step, so that a process that dies leaves the old file or the new one.</summary>
internal static class AtomicFile
{
    /// <summary>
    /// Moves <paramref name="temporary"/> to <paramref name="path"/>, over what is there. Both are on one disk. On Windows, a file
    /// that somebody reads cannot be replaced, so this waits for the reader.
    /// </summary>
    public static void Replace(string temporary, string path, CancellationToken cancellationToken) =>
        BusyFile.Replace(path, () => Move(temporary, path), cancellationToken);

    private static void Move(string temporary, string path)
    {
#if NET
        File.Move(temporary, path, overwrite: true);
#else
        try
        {
            if (File.Exists(path))
                File.Replace(temporary, path, destinationBackupFileName: null);
            else
                File.Move(temporary, path);
        }
        catch (IOException failure) when (!BusyFile.IsBusy(failure) && File.Exists(path) && File.Exists(temporary))
        {
            // It came, or went and came, between the question and the step. There is no other step here that takes both cases.
            File.Replace(temporary, path, destinationBackupFileName: null);
        }
#endif
    }
}
