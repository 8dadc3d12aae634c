namespace Anovos.Mlflow.Artifacts;

/// <summary>A file below a folder.</summary>
/// <param name="Path">Its full path.</param>
/// <param name="RelativePath">Its path from the folder, with slashes.</param>
/// <param name="Length">Bytes.</param>
public sealed record ListedFile(string Path, string RelativePath, long Length);

/// <summary>The files below a folder, in the order of their names. Links to folders are not followed: one may lead back.</summary>
/// <param name="Files">The files.</param>
/// <param name="Problems">What could not be read, a sentence each.</param>
public sealed record FolderListing(IReadOnlyList<ListedFile> Files, IReadOnlyList<string> Problems)
{
    /// <summary>Lists a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cancellationToken">Ends it between folders.</param>
    /// <param name="isLeftOut">Which files and folders below it are left out; told the name and whether it is a folder.</param>
    public static FolderListing Of(string folder, CancellationToken cancellationToken, Func<FileSystemInfo, bool>? isLeftOut = null)
    {
        List<ListedFile> files = [];
        List<string> problems = [];
        List(new DirectoryInfo(folder), "");
        return new FolderListing(files, problems);

        void List(DirectoryInfo directory, string relative)
        {
            cancellationToken.ThrowIfCancellationRequested();
            FileSystemInfo[] entries;
            try
            {
                entries = directory.GetFileSystemInfos();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"The folder {directory.FullName} cannot be read, so nothing of it is sent: {e.Message}");
                return;
            }

            Array.Sort(entries, (one, other) => string.CompareOrdinal(one.Name, other.Name));
            foreach (FileSystemInfo entry in entries)
            {
                if (isLeftOut?.Invoke(entry) == true)
                    continue;
                string path = ArtifactPath.Join(relative, entry.Name);
                bool isLink = (entry.Attributes & FileAttributes.ReparsePoint) != 0;
                if (SpecialFiles.Describe(entry.FullName) is { } special)
                    problems.Add($"{entry.FullName} is {special} and is not sent.");
                else if (entry is FileInfo file && FileLinks.Follow(file) is { Exists: true } content)
                    files.Add(new ListedFile(file.FullName, path, content.Length));
                else if (entry is DirectoryInfo below && !isLink)
                    List(below, path);
                else
                    problems.Add($"{entry.FullName} is a link{(entry is DirectoryInfo ? " to a folder" : " to nothing")} and is not followed.");
            }
        }
    }
}
