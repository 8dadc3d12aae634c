namespace Anovos.Mlflow.Artifacts;

/// <summary>A file below a folder. Its full path is put together when it is wanted: there may be a hundred thousand.</summary>
/// <param name="Root">The full path of the folder; that of the file where there is no relative one.</param>
/// <param name="RelativePath">Its path from the folder, with slashes.</param>
/// <param name="Length">Bytes.</param>
public sealed record ListedFile(string Root, string RelativePath, long Length)
{
    /// <summary>Its full path.</summary>
    public string Path => System.IO.Path.Combine(Root, RelativePath.Replace('/', System.IO.Path.DirectorySeparatorChar));
}

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
        var root = new DirectoryInfo(folder);
        List(root, "");
        return new FolderListing(files, problems);

        void List(DirectoryInfo directory, string relative)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<Entry> entries = [];
            try
            {
                // What the system knows of each is large, and is let go before the next.
                foreach (FileSystemInfo entry in directory.EnumerateFileSystemInfos())
                {
                    if (isLeftOut?.Invoke(entry) != true)
                        entries.Add(Entry.Of(entry));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"The folder {directory.FullName} cannot be read, so nothing of it is sent: {e.Message}");
                return;
            }

            entries.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
            foreach (Entry entry in entries)
            {
                string path = ArtifactPath.Join(relative, entry.Name);
                if (entry.Problem is not null)
                    problems.Add(entry.Problem);
                else if (entry.Folder is not null)
                    List(entry.Folder, path);
                else
                    files.Add(new ListedFile(root.FullName, path, entry.Length));
            }
        }
    }

    // A file, a folder, or what is neither.
    private readonly record struct Entry(string Name, long Length, DirectoryInfo? Folder, string? Problem)
    {
        public static Entry Of(FileSystemInfo entry)
        {
            bool isLink = (entry.Attributes & FileAttributes.ReparsePoint) != 0;
            if (SpecialFiles.Describe(entry.FullName) is { } special)
                return new Entry(entry.Name, 0, null, $"{entry.FullName} is {special} and is not sent.");
            if (entry is FileInfo file && FileLinks.Follow(file) is { Exists: true } content)
                return new Entry(entry.Name, content.Length, null, null);
            return entry is DirectoryInfo below && !isLink
                ? new Entry(entry.Name, 0, below, null)
                : new Entry(entry.Name, 0, null, $"{entry.FullName} is a link{(entry is DirectoryInfo ? " to a folder" : " to nothing")} and is not followed.");
        }
    }
}
