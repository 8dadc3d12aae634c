namespace Anovos.Mlflow.Artifacts;

/// <summary>A folder that files are received into, and never beside.</summary>
/// <param name="root">Its full path; it may itself be a link, which is the user's choice.</param>
/// <param name="allowsControls">Whether names may hold control characters, where the file system takes them.</param>
internal sealed class DestinationFolder(string root, bool allowsControls = false)
{
    /// <summary>Its full path.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>Makes the folder, and says whether names that differ only in case are one file in it.</summary>
    public bool Prepare()
    {
        Directory.CreateDirectory(Root);
        return CaseProbe.IgnoresCase(Root);
    }

    /// <summary>Where an artifact goes; its folder is made.</summary>
    /// <exception cref="MlflowException">A folder on the way is a link, and may lead anywhere.</exception>
    public string PathFor(string artifactPath)
    {
        string[] names = artifactPath.Split('/');
        string folder = Root;
        foreach (string name in names)
        {
            if (ListedName.WhyRefused(name, WindowsName.IsWindows, allowsControls) is { } why)
                throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"'{ListedName.ToShow(name)}' {why}, so nothing is written under that name.") { Target = artifactPath };
        }

        foreach (string name in names.Take(names.Length - 1))
        {
            folder = Path.Combine(folder, name);
            if (IsLink(folder))
                throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"{folder} is a link and may lead out of {Root}, so nothing is written below it. Remove the link, or receive into another folder.") { Target = artifactPath };
            Directory.CreateDirectory(folder);
        }

        string path = Path.GetFullPath(Path.Combine(folder, names[names.Length - 1]));

        // The names were looked at one by one; should one of them mean something to this system all the same, it ends here.
        return Path.GetDirectoryName(path) == folder.TrimEnd(Path.DirectorySeparatorChar) || folder == Path.GetPathRoot(folder)
            ? path
            : throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"'{artifactPath}' names no file in {folder}.") { Target = artifactPath };
    }

    /// <summary>Whether the path is a link, to something or to nothing.</summary>
    public static bool IsLink(string path)
    {
        var entry = new FileInfo(path);
#if NET
        // Files that a cloud drive keeps elsewhere are reparse points, too, and no links.
        return entry.LinkTarget is not null;
#else
        return (int)entry.Attributes != -1 && (entry.Attributes & FileAttributes.ReparsePoint) != 0;
#endif
    }
}
