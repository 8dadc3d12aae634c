using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Help;

/// <summary>Updates the facts from the code on a page. The text that people wrote is not changed.</summary>
internal static partial class Refreshed
{
    /// <summary>
    /// Returns the page with the current syntax, the line of facts below each parameter's heading, and headings for missing parameters.
    /// </summary>
    public static string Page(HelpPage page, CmdletInfo cmdlet)
    {
        List<string> lines = [.. page.Source.TrimEnd('\n').Split('\n')];
        Section syntax = page.Find("SYNTAX") ?? throw new PageException(page.FilePath, 0, "The section SYNTAX is missing.");
        Section parameters = page.Find("PARAMETERS") ?? throw new PageException(page.FilePath, 0, "The section PARAMETERS is missing.");

        // From the end, so that earlier line numbers stay valid.
        string[] missing = [.. ParameterFacts.OwnNames(cmdlet).Except(page.Parameters.Select(parameter => parameter.Name))];
        lines.InsertRange(End(page, parameters, lines), missing.SelectMany(name => new[] { $"### -{name}", "", new ParameterFacts(cmdlet, name).ToMarkdown(), "" }));
        foreach (Section entry in Enumerable.Reverse(parameters.Entries).Where(entry => cmdlet.Parameters.ContainsKey(entry.Title[1..])))
        {
            string facts = new ParameterFacts(cmdlet, entry.Title[1..]).ToMarkdown();
            if (HelpPage.IsFacts(entry.Blocks.FirstOrDefault()))
                lines[entry.Blocks[0].Line] = facts;
            else
                lines.InsertRange(entry.Line + 1, ["", facts]);
        }

        int begin = syntax.Line + 1;
        lines.RemoveRange(begin, End(page, syntax, lines) - begin);
        lines.InsertRange(begin, ["", "```syntax", .. Syntax.Of(cmdlet).Split('\n'), "```", ""]);
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>Returns the initial text of a page.</summary>
    public static string NewPage(CmdletInfo cmdlet) =>
        $"# {cmdlet.Name}\n\n## SYNOPSIS\n\n## SYNTAX\n\n## DESCRIPTION\n\n## EXAMPLES\n\n## PARAMETERS\n\n## INPUTS\n\n## OUTPUTS\n\n"
        + "## RELATED LINKS\n\n- [about_Anovos_Mlflow](../../module/en-US/about_Anovos_Mlflow.help.txt)\n";

    /// <summary>Returns the index with the synopsis of each page beside its link. People decide how cmdlets are grouped.</summary>
    public static string Index(string text, IReadOnlyList<HelpPage> pages) =>
        IndexRow().Replace(text.Replace("\r\n", "\n", StringComparison.Ordinal), row =>
            pages.FirstOrDefault(page => page.Name == row.Groups["name"].Value) is { } page ? $"| [{page.Name}]({page.Name}.md) | {page.Synopsis} |" : row.Value);

    private static int End(HelpPage page, Section section, List<string> lines)
    {
        int next = page.Root.Entries.IndexOf(section) + 1;
        return next < page.Root.Entries.Count ? page.Root.Entries[next].Line : lines.Count;
    }

    [GeneratedRegex(@"^\| \[(?<name>[\w-]+)\]\([^)]*\) \|.*$", RegexOptions.Multiline)]
    private static partial Regex IndexRow();
}
