namespace Anovos.Mlflow.Artifacts;

/// <summary>The files below a folder, ordered by name. Links to folders are not followed, because one may be circular.</summary>
/// <param name="Files">The files.</param>
/// <param name="Problems">Entries that could not be read, one sentence for each.</param>
public sealed record FolderListing(IReadOnlyList<FileSource> Files, IReadOnlyList<string> Problems)
{
    /// <summary>Lists a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cancellationToken">Cancels the listing, between two folders.</param>
    /// <param name="isLeftOut">Returns true for a file or folder below it that is left out.</param>
    public static FolderListing Of(string folder, CancellationToken cancellationToken, Func<FileSystemInfo, bool>? isLeftOut = null)
    {
        List<FileSource> files = [];
        List<string> problems = [];
        var root = new DirectoryInfo(folder);
        List(root, "");
        return new FolderListing(files, problems);

        void List(DirectoryInfo directory, string relative)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<(string Name, bool IsFolder)> entries = [];
            try
            {
                // Keep only the names: the objects of .NET are large.
                foreach (FileSystemInfo entry in directory.EnumerateFileSystemInfos())
                {
                    if (isLeftOut?.Invoke(entry) != true && !PartialFile.IsOwn(entry.Name))
                        entries.Add((entry.Name, entry is DirectoryInfo));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"The folder {directory.FullName} cannot be read, so none of its files are sent: {e.Message}");
                return;
            }

            entries.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
            foreach ((string name, bool isFolder) in entries)
            {
                string path = ArtifactPath.Join(relative, name), fullPath = Path.Combine(directory.FullName, name);
                FileSystemInfo entry = isFolder ? new DirectoryInfo(fullPath) : new FileInfo(fullPath);
                bool isLink = (entry.Attributes & FileAttributes.ReparsePoint) != 0;
                if (SpecialFiles.Describe(fullPath) is { } special)
                    problems.Add($"{fullPath} is {special} and is not sent.");
                else if (entry is FileInfo file && FileLinks.Follow(file) is { Exists: true } content)
                    files.Add(new FileSource(root.FullName, path, content.Length));
                else if (entry is DirectoryInfo below && !isLink)
                    List(below, path);
                else
                    problems.Add($"{fullPath} is a link{(isFolder ? " to a folder" : " to nothing")} and is not followed.");
            }
        }
    }
}
