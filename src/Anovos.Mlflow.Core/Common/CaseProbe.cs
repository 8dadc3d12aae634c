namespace Anovos.Mlflow;

/// <summary>Detects whether a disk ignores case in file names, as most do on Windows and macOS.</summary>
internal static class CaseProbe
{
    /// <summary>Creates a temporary file in an existing folder to find out.</summary>
    public static bool IgnoresCase(string folder)
    {
        string probe = Path.Combine(folder, $".anovos-{Guid.NewGuid():N}.tmp");
        using var file = new FileStream(
            probe, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, FileOptions.DeleteOnClose);
        return File.Exists(Path.Combine(folder, Path.GetFileName(probe).ToUpperInvariant()));
    }
}
