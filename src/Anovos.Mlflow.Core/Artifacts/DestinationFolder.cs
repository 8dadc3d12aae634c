namespace Anovos.Mlflow.Artifacts;

/// <summary>A folder to download into. No file is written outside it.</summary>
/// <param name="root">Its path; it may itself be a link, because that is the user's choice.</param>
/// <param name="allowsControls">Whether names may contain control characters if the file system accepts them.</param>
internal sealed class DestinationFolder(string root, bool allowsControls = false)
{
    /// <summary>Its full path.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>Creates the folder. Returns whether names that differ only in case are the same file in it.</summary>
    public bool Prepare()
    {
        Directory.CreateDirectory(Root);
        return CaseProbe.IgnoresCase(Root);
    }

    /// <summary>Returns the local path of an artifact, and creates its folder.</summary>
    /// <exception cref="MlflowException">A name is not allowed, or a folder of the path is a link, which may lead anywhere.</exception>
    public string PathFor(string artifactPath)
    {
        string[] names = artifactPath.Split('/');
        string folder = Root;
        foreach (string name in names)
        {
            if (ListedName.WhyRefused(name, WindowsName.IsWindows, allowsControls) is { } why)
                throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"'{ListedName.ToShow(name)}' {why}, so no file is written under that name.") { Target = artifactPath };
        }

        foreach (string name in names.Take(names.Length - 1))
        {
            folder = Path.Combine(folder, name);
            if (IsLink(folder))
                throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"{folder} is a link and may lead outside {Root}, so nothing is written below it. Remove the link, or download into another folder.") { Target = artifactPath };
            Directory.CreateDirectory(folder);
        }

        string path = Path.GetFullPath(Path.Combine(folder, names[names.Length - 1]));

        // Each name was checked above. If one of them still has a special meaning on this system, refuse it here.
        return Path.GetDirectoryName(path) == folder.TrimEnd(Path.DirectorySeparatorChar) || folder == Path.GetPathRoot(folder)
            ? path
            : throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"'{artifactPath}' does not name a file in {folder}.") { Target = artifactPath };
    }

    /// <summary>Whether the path is a link, even one without a target.</summary>
    public static bool IsLink(string path)
    {
        var entry = new FileInfo(path);
#if NET
        // Files that a cloud drive keeps remotely are reparse points too, but not links.
        return entry.LinkTarget is not null;
#else
        return (int)entry.Attributes != -1 && (entry.Attributes & FileAttributes.ReparsePoint) != 0;
#endif
    }
}
