using System.Text.RegularExpressions;
using Markdig;
using Markdig.Extensions.AutoIdentifiers;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>A fenced block.</summary>
internal sealed record Fence(string Language, string Text, int Line, string Heading);

/// <summary>A command, its language and the output that the page shows for it; the output is null if the page shows none.</summary>
internal sealed record Command(Page Page, int Line, string Heading, string Language, string Text, string? Shown)
{
    /// <summary>The page and line, for error messages.</summary>
    public string Place => $"{Page.Path}:{Line}";

    /// <summary>The first line; the table in Elsewhere identifies commands by it.</summary>
    public string FirstLine => Text.Split('\n')[0];
}

/// <summary>A page of the documentation, parsed as GitHub does.</summary>
internal sealed partial class Page
{
    private static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers(AutoIdentifierOptions.GitHub).Build();

    private readonly MarkdownDocument _document;

    public Page(string path)
    {
        Path = path;
        Text = File.ReadAllText(System.IO.Path.Combine(Repository.Root, path)).ReplaceLineEndings("\n");
        _document = Markdig.Markdown.Parse(Text, Markdown);
    }

    /// <summary>All pages: those of the root, and those below docs, bench, samples and tests.</summary>
    public static IReadOnlyList<Page> All { get; } =
    [
        .. Directory.GetFiles(Repository.Root, "*.md").Concat(new[] { "docs", "bench", "samples", "tests" }.SelectMany(folder => Directory.GetFiles(System.IO.Path.Combine(Repository.Root, folder), "*.md", SearchOption.AllDirectories)))
            .Select(file => System.IO.Path.GetRelativePath(Repository.Root, file).Replace('\\', '/')).Where(path => !path.Contains("/bin/") && !path.Contains("/obj/")).Order(StringComparer.Ordinal).Select(path => new Page(path)),
    ];

    /// <summary>The pages with commands that a reader types.</summary>
    public static IReadOnlyList<Page> Typed { get; } = [.. All.Where(page => page.Path == "README.md" || page.Path.StartsWith("docs/", StringComparison.Ordinal))];

    /// <summary>The path from the repository's root, with slashes.</summary>
    public string Path { get; }

    public string Text { get; }

    /// <summary>Whether each of its blocks is read on its own, like the output of <c>Get-Help -Examples</c>.</summary>
    public bool IsHelp => Path.StartsWith("docs/cmdlets/", StringComparison.Ordinal);

    /// <summary>Whether each of its sections is read on its own.</summary>
    public bool IsTroubleshooting => Path == "docs/troubleshooting.md";

    public IReadOnlyList<Fence> Fences => [.. _document.Descendants<FencedCodeBlock>().Select(block => new Fence(block.Info ?? "", string.Join('\n', block.Lines.Lines.Take(block.Lines.Count)), block.Line + 1, HeadingBefore(block)))];

    /// <summary>The headings, with the anchors that GitHub gives them.</summary>
    public IReadOnlyList<(string Text, string Anchor, int Level)> Headings => [.. _document.Descendants<HeadingBlock>().Select(heading => (TextOf(heading), Anchor(TextOf(heading)), heading.Level))];

    /// <summary>The targets of its links and images, with their lines.</summary>
    public IReadOnlyList<(string Target, int Line)> Links => [.. _document.Descendants<LinkInline>().Where(link => link.Url is not null).Select(link => (link.Url!, link.Line + 1))];

    /// <summary>The rows of its tables without the headers, each as a list of cells in Markdown.</summary>
    public IReadOnlyList<string[]> TableRows => [.. Text.Split('\n').Where(line => line.StartsWith('|') && !line.StartsWith("|--", StringComparison.Ordinal)).Select(line => UnescapedBar().Split(line.Trim().Trim('|')).Select(cell => cell.Trim()).ToArray())];

    /// <summary>The commands and their output, in order. A text block belongs to the command before it.</summary>
    public IReadOnlyList<Command> Commands
    {
        get
        {
            List<Command> commands = [];
            foreach (Fence fence in Fences)
            {
                if (fence.Language == "console")
                    commands.AddRange(Transcript(fence));
                else if (fence.Language == "text" && commands.LastOrDefault() is { Language: "powershell", Shown: null } typed)
                    commands[^1] = typed with { Shown = fence.Text };
                else
                    commands.Add(new Command(this, fence.Line, fence.Heading, fence.Language, fence.Text, null));
            }

            return commands;
        }
    }

    private IEnumerable<Command> Transcript(Fence fence)
    {
        List<Command> commands = [];
        foreach ((int index, string line) in fence.Text.Split('\n').Index())
        {
            if (line.StartsWith("PS> ", StringComparison.Ordinal) || line.StartsWith("$ ", StringComparison.Ordinal))
                commands.Add(new Command(this, fence.Line + 1 + index, fence.Heading, line[0] == 'P' ? "powershell" : "bash", line[(line.IndexOf(' ') + 1)..], line[0] == 'P' ? "" : null));
            else if (commands.Count == 0)
                commands.Add(new Command(this, fence.Line, fence.Heading, "console", fence.Text, null));
            else if (line.StartsWith(">> ", StringComparison.Ordinal))
                commands[^1] = commands[^1] with { Text = commands[^1].Text + "\n" + line[3..] };
            else
                commands[^1] = commands[^1] with { Shown = commands[^1].Shown is { Length: > 0 } shown ? $"{shown}\n{line}" : line };
        }

        return commands;
    }

    private string HeadingBefore(Block block) => _document.Descendants<HeadingBlock>().LastOrDefault(heading => heading.Line < block.Line) is { } found ? TextOf(found) : "";

    private static string TextOf(HeadingBlock heading) => string.Concat(heading.Inline!.Descendants().Select(inline => inline switch { LiteralInline literal => literal.Content.ToString(), CodeInline code => code.Content, _ => "" }));

    private static string Anchor(string heading) => NotInAnchor().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.CultureInvariant)]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"(?<!\\)\|", RegexOptions.CultureInvariant)]
    private static partial Regex UnescapedBar();
}
