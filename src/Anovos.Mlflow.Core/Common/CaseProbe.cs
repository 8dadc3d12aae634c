namespace Anovos.Mlflow;

/// <summary>Whether names that differ only in case are one file, as on most disks of Windows and macOS.</summary>
internal static class CaseProbe
{
    /// <summary>Tries it in a folder, which must exist.</summary>
    public static bool IgnoresCase(string folder)
    {
        string probe = Path.Combine(folder, $".anovos-{Guid.NewGuid():N}.tmp");
        using var file = new FileStream(
            probe, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, FileOptions.DeleteOnClose);
        return File.Exists(Path.Combine(folder, Path.GetFileName(probe).ToUpperInvariant()));
    }
}
