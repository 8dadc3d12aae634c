using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Anovos.Mlflow.Help;

internal sealed record Example(string Title, string Code, IReadOnlyList<string> Remarks);

/// <summary>
/// The text about a parameter. <paramref name="Default"/> is a default value that no metadata has, such as "the current folder".
/// </summary>
internal sealed record ParameterText(string Name, IReadOnlyList<string> Text, string? Default);

/// <summary>An input or output type; or None.</summary>
internal sealed record TypeText(string Name, IReadOnlyList<string> Text);

/// <summary>The page of a cmdlet: the text that people write. Facts from the code are on the page too, but are not read from it.</summary>
internal sealed class HelpPage
{
    private const string DefaultLabel = "Default: ";
    private static readonly string[] Sections = ["SYNOPSIS", "SYNTAX", "DESCRIPTION", "EXAMPLES", "PARAMETERS", "INPUTS", "OUTPUTS", "NOTES", "RELATED LINKS"];

    private readonly PlainText _plain;

    /// <exception cref="PageException">The page does not have the common layout.</exception>
    public HelpPage(string path, string text)
    {
        _plain = new PlainText(path);
        FilePath = path;
        Source = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        Root = Section.Read(path, Source);
        foreach (Section section in Root.Entries)
        {
            if (!Sections.Contains(section.Title) || Root.Entries.Last(one => one.Title == section.Title) != section)
                throw new PageException(path, section.Line, $"The section '{section.Title}' is repeated or unknown. Valid sections: {string.Join(", ", Sections)}.");
        }

        Synopsis = string.Join(" ", _plain.Of(Find("SYNOPSIS")?.Blocks ?? []));
        Description = _plain.Of(Find("DESCRIPTION")?.Blocks ?? []);
        Examples = [.. Entries("EXAMPLES").Select(ReadExample)];
        Parameters = [.. Entries("PARAMETERS").Select(ReadParameter)];
        Inputs = ReadTypes("INPUTS");
        Outputs = ReadTypes("OUTPUTS");
        Notes = _plain.Of(Find("NOTES")?.Blocks ?? []);
        Links = [.. (Find("RELATED LINKS")?.Blocks ?? []).OfType<ListBlock>().SelectMany(list => list.Cast<ListItemBlock>()).Select(item => string.Join(" ", _plain.Of(item)))];
    }

    public string FilePath { get; }

    public string Source { get; }

    public Section Root { get; }

    public string Name => Root.Title;

    public string Synopsis { get; }

    public IReadOnlyList<string> Description { get; }

    public IReadOnlyList<Example> Examples { get; }

    public IReadOnlyList<ParameterText> Parameters { get; }

    public IReadOnlyList<TypeText> Inputs { get; }

    public IReadOnlyList<TypeText> Outputs { get; }

    public IReadOnlyList<string> Notes { get; }

    public IReadOnlyList<string> Links { get; }

    public Section? Find(string title) => Root.Entries.FirstOrDefault(section => section.Title == title);

    /// <summary>
    /// Returns whether a block is the line of facts about a parameter that comes from the code: its type and other facts, separated by
    /// dots.
    /// </summary>
    public static bool IsFacts(Block? block) =>
        block is ParagraphBlock { Inline.FirstChild: CodeInline first } && first.NextSibling is null or LiteralInline && (first.NextSibling is not LiteralInline next || next.Content.ToString().StartsWith(" · ", StringComparison.Ordinal));

    private List<Section> Entries(string title) => Find(title)?.Entries ?? [];

    private Example ReadExample(Section section) =>
        section.Blocks is [FencedCodeBlock { Info: "powershell" } code, .. List<Block> remarks] && !remarks.Any(block => block is FencedCodeBlock { Info: "powershell" })
            ? new Example(section.Title, PlainText.Code(code), _plain.Of(remarks))
            : throw new PageException(FilePath, section.Line, "An example must be one ```powershell block, followed by remarks.");

    private ParameterText ReadParameter(Section section)
    {
        if (!section.Title.StartsWith('-'))
            throw new PageException(FilePath, section.Line, "A parameter's heading must be a dash and its name.");
        IReadOnlyList<string> text = _plain.Of(section.Blocks.Where((block, index) => index > 0 || !IsFacts(block)));
        string? fallback = text.LastOrDefault(paragraph => paragraph.StartsWith(DefaultLabel, StringComparison.Ordinal));
        return new ParameterText(section.Title[1..], [.. text.Where(paragraph => paragraph != fallback)], fallback?[DefaultLabel.Length..].TrimEnd('.'));
    }

    private TypeText[] ReadTypes(string title) => [.. Entries(title).Select(section => new TypeText(section.Title, _plain.Of(section.Blocks)))];
}
