namespace Anovos.Mlflow.Artifacts;

/// <summary>Links to files are followed: what they lead to is sent, and it has another length than the link.</summary>
internal static class FileLinks
{
    /// <summary>The file itself, or that to which a link leads in the end; null for a link that leads nowhere.</summary>
    public static FileInfo? Follow(FileInfo file)
    {
#if NET
        // The attributes come with the file's length and time; to ask where it leads costs a call of its own.
        if (!file.Exists || (file.Attributes & FileAttributes.ReparsePoint) == 0 || file.LinkTarget is null)
            return file;
        try
        {
            return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target : null;
        }
        catch (IOException)
        {
            return null; // in a circle, or through what is not there
        }
#else
        return file;
#endif
    }
}
