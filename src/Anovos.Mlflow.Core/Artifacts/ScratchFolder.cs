namespace Anovos.Mlflow.Artifacts;

/// <summary>A temporary folder that only this user can read, deleted with its contents when disposed.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public ScratchFolder()
    {
#if NET
        Root = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
#else
        // On Windows the temporary folder is the user's own.
        Root = Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Root);
#endif
    }

    public string Root { get; }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
