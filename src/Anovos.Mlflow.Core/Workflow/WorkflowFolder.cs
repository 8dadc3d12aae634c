using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Workflow;

/// <summary>
/// The temporary folder of a running program, accessible only to its owner. A file in it is locked while this process lives, so that
/// a later start recognizes the folders and processes left by a killed process.
/// </summary>
internal sealed class WorkflowFolder : IDisposable
{
    private const string Prefix = "anovos-mlflow-workflow-";
    private const string OwnerFile = "owner";

    // With this variable, .NET locks no files: the folder of a running process would look like a leftover.
    private const string NoLocks = "DOTNET_SYSTEM_IO_DISABLEFILELOCKING";

    private static readonly TimeSpan Unfinished = TimeSpan.FromMinutes(5);

    private readonly string _root;
    private readonly FileStream _owner;

    private WorkflowFolder(string root, FileStream owner) => (_root, _owner) = (root, owner);

    /// <summary>The folder's path.</summary>
    public string Root => _root;

    /// <summary>Creates the folder for a tree of processes.</summary>
    /// <exception cref="IOException">The folder cannot be created. Also <see cref="UnauthorizedAccessException"/>.</exception>
    public static WorkflowFolder Create(ProcessTree tree)
    {
#if NET
        string root = Directory.CreateTempSubdirectory(Prefix).FullName;
#else
        // On Windows, each user has a private temporary folder.
        string root = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), Prefix + Guid.NewGuid().ToString("N"))).FullName;
#endif
        // The file gets its final name only after it is locked, so other processes never see it unlocked.
        string path = Path.Combine(root, OwnerFile);
        FileStream owner = Open(path + ".part");
        byte[] mark = System.Text.Encoding.ASCII.GetBytes(tree.Mark);
        owner.Write(mark, 0, mark.Length);
        owner.Flush();
        File.Move(path + ".part", path);
        return new WorkflowFolder(root, owner);
    }

    /// <summary>Writes a file that only this user can read, and returns its path.</summary>
    /// <exception cref="IOException">The file cannot be written. Also <see cref="UnauthorizedAccessException"/>.</exception>
    public string Write(string name, byte[] content)
    {
        // A subfolder, so that the name cannot collide with the owner file.
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "copy")).FullName, name);
        using FileStream file = Open(path);
        file.Write(content, 0, content.Length);
        return path;
    }

    /// <summary>Deletes the folders left by killed processes, and ends the processes that they had started.</summary>
    public static void EndLeftovers()
    {
        if (Environment.GetEnvironmentVariable(NoLocks) is "1" or "true" or "True")
            return;
        foreach (string folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            try
            {
                EndLeftover(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its process is alive, it belongs to another user, or another process is deleting it now.
            }
        }
    }

    public void Dispose()
    {
        _owner.Dispose();
        try
        {
            Directory.Delete(_root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // On Windows, a leftover process may hold the copy open. The next start tries again.
        }
    }

    private static void EndLeftover(string folder)
    {
        string path = Path.Combine(folder, OwnerFile);
        if (File.Exists(path))
        {
            using var owner = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            using var reader = new StreamReader(owner);
            if (reader.ReadToEnd() is { Length: > 0 } mark)
                ProcessTree.EndMarked(mark);
        }
        else if (DateTime.UtcNow - Directory.GetCreationTimeUtc(folder) < Unfinished)
        {
            return;
        }

        Directory.Delete(folder, recursive: true);
    }

    private static FileStream Open(string path)
    {
        const FileShare Share = FileShare.Read | FileShare.Delete;
#if NET
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = Share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
#else
        return new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, Share);
#endif
    }
}
