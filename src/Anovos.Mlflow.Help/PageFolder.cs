using System.Management.Automation;

namespace Anovos.Mlflow.Help;

/// <summary>The folder with a page for every cmdlet and an index.</summary>
internal static class PageFolder
{
    public const string IndexName = "README.md";

    /// <exception cref="PageException">A page does not have the common layout.</exception>
    public static IReadOnlyList<HelpPage> Read(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.md").Where(path => Path.GetFileName(path) != IndexName).Order(StringComparer.Ordinal).Select(path => new HelpPage(path, File.ReadAllText(path)))];

    /// <summary>Updates the facts from the code on every page and the synopses in the index, and creates missing pages.</summary>
    /// <exception cref="PageException">A page does not have the common layout.</exception>
    public static void Refresh(string folder, IEnumerable<CmdletInfo> cmdlets)
    {
        foreach (CmdletInfo cmdlet in cmdlets)
        {
            string path = Path.Combine(folder, cmdlet.Name + ".md");
            Write(path, Refreshed.Page(new HelpPage(path, File.Exists(path) ? File.ReadAllText(path) : Refreshed.NewPage(cmdlet)), cmdlet));
        }

        string index = Path.Combine(folder, IndexName);
        Write(index, Refreshed.Index(File.ReadAllText(index), Read(folder)));
    }

    private static void Write(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path).Replace("\r\n", "\n", StringComparison.Ordinal) == text)
            return;
        File.WriteAllText(path, text);
        Console.WriteLine(path);
    }
}
