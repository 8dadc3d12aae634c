using System.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>Finds programs like the system's shell: with the variables <c>PATH</c> and, on Windows, <c>PATHEXT</c>.</summary>
public static class ProgramSearch
{
    // Extensions of files that start without another program.
    private static readonly string[] Startable = [".com", ".exe", ".bat", ".cmd"];

    /// <summary>Resolves the path of a program relative to a folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if it is not a path on this system.</exception>
    public static string Locate(string folder, string path) => LocalPath.Full(folder, path);

    /// <summary>
    /// Finds the file of a program by its path; null if there is none. On Windows, <c>.venv\Scripts\python</c> finds <c>python.exe</c>.
    /// </summary>
    /// <param name="path">The path, with or without an extension.</param>
    /// <param name="environment">Returns the value of an environment variable.</param>
    public static string? Complete(string path, Func<string, string?> environment) =>
        Complete(path, environment("PATHEXT"), File.Exists, WindowsName.IsWindows);

    internal static string? Complete(string path, string? pathExt, Func<string, bool> exists, bool onWindows)
    {
        // On Windows, a file without an extension next to a program is its Unix script.
        bool hasExtension = path.LastIndexOf('.') > path.LastIndexOfAny(['\\', '/']);
        IEnumerable<string> names = !onWindows ? [path]
            : hasExtension ? [path, .. Extensions(pathExt).Select(extension => path + extension)]
            : [.. Extensions(pathExt).Select(extension => path + extension), path];
        return names.FirstOrDefault(exists);
    }

    /// <summary>
    /// The folders in <c>PATH</c>. On Windows an entry may be in quotes. Relative folders are left out: they depend on the current folder.
    /// </summary>
    internal static IEnumerable<string> Folders(string? path, bool? onWindows = null)
    {
        bool windows = onWindows ?? WindowsName.IsWindows;
        return (windows ? SplitQuoted(path ?? "") : (path ?? "").Split(':')).Where(folder => LocalPath.IsRooted(folder, windows));
    }

    private static IEnumerable<string> Extensions(string? pathExt)
    {
        string[] named = [.. (pathExt ?? "").Split(';').Select(extension => extension.Trim().ToLowerInvariant()).Where(Startable.Contains)];
        return named.Length > 0 ? named : Startable;
    }

    private static IEnumerable<string> SplitQuoted(string path)
    {
        var entry = new StringBuilder();
        bool isQuoted = false;
        foreach (char c in path)
        {
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (c == ';' && !isQuoted)
            {
                yield return entry.ToString();
                entry.Clear();
            }
            else
            {
                entry.Append(c);
            }
        }

        yield return entry.ToString();
    }
}
