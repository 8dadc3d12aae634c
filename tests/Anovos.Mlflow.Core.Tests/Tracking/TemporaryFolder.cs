namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>A folder for one test. It is removed after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => FullPath = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    public string FullPath { get; }

    public string Below(params string[] names) => Path.Combine([FullPath, .. names]);

    public void Dispose()
    {
        // A copy of a read-only file is also read-only, and Windows does not remove it.
        if (Path.DirectorySeparatorChar == '\\')
        {
            foreach (string file in Directory.EnumerateFiles(FullPath, "*", SearchOption.AllDirectories))
                File.SetAttributes(file, FileAttributes.Normal);
        }

        Directory.Delete(FullPath, recursive: true);
    }
}
