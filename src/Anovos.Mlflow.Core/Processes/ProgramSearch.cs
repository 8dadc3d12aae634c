using System.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>Finds programs as the system's shell does: by the variables <c>PATH</c> and, on Windows, <c>PATHEXT</c>.</summary>
public static class ProgramSearch
{
    // Those that start without another program.
    private static readonly string[] Startable = [".com", ".exe", ".bat", ".cmd"];

    /// <summary>The path that names a program, relative to a folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>: it is not a path on this system.</exception>
    public static string Locate(string folder, string path) => LocalPath.Full(folder, path);

    /// <summary>
    /// The file of a program that a path names; null if there is none. On Windows <c>.venv\Scripts\python</c> is <c>python.exe</c> there.
    /// </summary>
    /// <param name="path">The path, with or without an extension.</param>
    /// <param name="environment">Reads an environment variable.</param>
    public static string? Complete(string path, Func<string, string?> environment) =>
        Complete(path, environment("PATHEXT"), File.Exists, WindowsName.IsWindows);

    internal static string? Complete(string path, string? pathExt, Func<string, bool> exists, bool onWindows)
    {
        // On Windows, a file without an extension beside a program is its script for Unix.
        bool hasExtension = path.LastIndexOf('.') > path.LastIndexOfAny(['\\', '/']);
        IEnumerable<string> names = !onWindows ? [path]
            : hasExtension ? [path, .. Extensions(pathExt).Select(extension => path + extension)]
            : [.. Extensions(pathExt).Select(extension => path + extension), path];
        return names.FirstOrDefault(exists);
    }

    /// <summary>
    /// The folders of <c>PATH</c>. On Windows an entry may be in quotes. A relative one is left out: it is another folder each time.
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
