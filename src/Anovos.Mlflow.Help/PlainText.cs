using System.Text;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Anovos.Mlflow.Help;

/// <summary>
/// The text of a page for a window without markup: paragraphs, lists and code blocks. PowerShell's help supports nothing else.
/// </summary>
internal sealed class PlainText(string path)
{
    /// <exception cref="PageException">A block cannot be shown as plain text.</exception>
    public IReadOnlyList<string> Of(IEnumerable<Block> blocks) => [.. blocks.SelectMany(Paragraphs)];

    public string Of(LeafBlock block)
    {
        var text = new StringBuilder();
        foreach (Inline inline in block.Inline ?? Enumerable.Empty<Inline>())
            Append(text, inline, block.Line);
        return text.ToString();
    }

    private IEnumerable<string> Paragraphs(Block block) => block switch
    {
        ParagraphBlock paragraph when Of(paragraph) is string text && !text.StartsWith('|') => [text],
        CodeBlock code => [Code(code)],
        ListBlock list => list.Cast<ListItemBlock>().Select(item => $"{(list.IsOrdered ? $"{item.Order}." : "-")} {string.Join("\n  ", Of(item))}"),
        _ => throw new PageException(path, block.Line, "PowerShell's help can show only paragraphs, lists and code blocks."),
    };

    public static string Code(LeafBlock code) => code.Lines.ToString().Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd();

    private void Append(StringBuilder text, Inline inline, int line) => _ = inline switch
    {
        LiteralInline literal => text.Append(literal.Content.AsSpan()),
        CodeInline code => text.Append(code.Content),
        LineBreakInline => text.Append(' '),
        HtmlEntityInline entity => text.Append(entity.Transcoded.AsSpan()),
        AutolinkInline link => text.Append(link.Url),
        ContainerInline container => container.Aggregate(text, (_, inner) => { Append(text, inner, line); return text; }),
        _ => throw new PageException(path, line, $"PowerShell's help cannot show a {inline.GetType().Name}."),
    };
}
