using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;

namespace Anovos.Mlflow.Yaml;

/// <summary>A scanner that rejects a tab between values, as PyYAML does. The parser's own scanner is more lenient.</summary>
internal sealed class StrictScanner(YamlSource source) : IScanner
{
    private readonly Scanner _scanner = new(new StringReader(source.Text), skipComments: true);
    private int _checked;

    /// <inheritdoc/>
    public Mark CurrentPosition => _scanner.CurrentPosition;

    /// <inheritdoc/>
    public Token? Current => _scanner.Current;

    /// <inheritdoc/>
    public void ConsumeCurrent() => _scanner.ConsumeCurrent();

    /// <inheritdoc/>
    public bool MoveNext() => Check(_scanner.MoveNext());

    /// <inheritdoc/>
    public bool MoveNextWithoutConsuming() => Check(_scanner.MoveNextWithoutConsuming());

    private bool Check(bool moved)
    {
        if (!moved || Current is not { } token)
            return moved;

        // Some tokens (the end of a block, the mark of a key) begin before the text that is already checked.
        RefuseTab(token.Start.Index, mayComment: true);
        if (token is Scalar { Style: ScalarStyle.Plain })
            RefuseTab(token.End.Index, mayComment: false);
        _checked = Math.Max(_checked, (int)token.End.Index);
        return true;
    }

    private void RefuseTab(long to, bool mayComment)
    {
        bool comment = false;
        for (; _checked < to && _checked < source.Text.Length; _checked++)
        {
            char c = source.Text[_checked];
            comment = mayComment && (comment ? c is not ('\n' or '\r') : c == '#');
            if (c == '\t' && !comment)
                throw SyntaxFault.Tab(source.Position(_checked));
        }
    }
}
