using Markdig;
using Markdig.Syntax;

namespace Anovos.Mlflow.Help;

/// <summary>A heading of a page, the content below it, and its subheadings.</summary>
internal sealed record Section(string Title, int Line)
{
    public List<Block> Blocks { get; } = [];

    public List<Section> Entries { get; } = [];

    /// <summary>Splits a page into sections. Returns the section of its title.</summary>
    /// <exception cref="PageException">The headings are not a single title with sections and entries.</exception>
    public static Section Read(string path, string text)
    {
        List<Section> open = [];
        foreach (Block block in Markdown.Parse(text))
        {
            if (block is not HeadingBlock heading)
            {
                if (open.Count == 0)
                    throw new PageException(path, block.Line, "A page must begin with its title.");
                open[^1].Blocks.Add(block);
                continue;
            }

            if (heading.Level > 3 || heading.Level > open.Count + 1 || (heading.Level == 1 && open.Count > 0))
                throw new PageException(path, heading.Line, "A page must have one title (#), sections (##) and their entries (###).");
            var section = new Section(new PlainText(path).Of(heading), heading.Line);
            open.RemoveRange(heading.Level - 1, open.Count - heading.Level + 1);
            open.LastOrDefault()?.Entries.Add(section);
            open.Add(section);
        }

        return open.Count > 0 ? open[0] : throw new PageException(path, 0, "The page is empty.");
    }
}
