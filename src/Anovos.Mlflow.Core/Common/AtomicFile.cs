namespace Anovos.Mlflow;

/// <summary>Replaces a file atomically, so that a process that dies leaves either the old file or the new one.</summary>
internal static class AtomicFile
{
    /// <summary>
    /// Moves <paramref name="temporary"/> to <paramref name="path"/>, replacing an existing file. Both must be on the same disk. Windows
    /// cannot replace a file that another process reads, so this waits for the reader.
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
            // The file appeared after the check, or was replaced. No single call in this framework handles both cases.
            File.Replace(temporary, path, destinationBackupFileName: null);
        }
#endif
    }
}
