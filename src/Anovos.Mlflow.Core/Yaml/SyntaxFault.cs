using YamlDotNet.Core;

namespace Anovos.Mlflow.Yaml;

/// <summary>Translates errors of the parser to messages for users: the usual mistake, and where it begins.</summary>
internal static class SyntaxFault
{
    private const string Indentation = "The indentation of this line does not match the lines that it belongs to.";
    private const string Align = "Indent all keys of a block, and all '-' of a list, with the same number of spaces.";

    // A part of the parser's message, our message, and the advice. The first match is used.
    private static readonly (string Sign, string Message, string Advice)[] Mistakes =
    [
        ("unexpected end of stream", "The quote that opens here is never closed.", "Close it with the same kind of quote."),
        ("wrong indentation", "The double quote that opens here is not closed on its line.",
            "Close it, or indent its continuation lines deeper than their key."),
        ("escape", "In double quotes, a backslash begins an escape sequence, and this escape sequence does not exist.",
            "Write paths with '/', or use single quotes, where a backslash has no special meaning."),
        ("hexadecimal", "In double quotes, \\x, \\u and \\U must be followed by hexadecimal digits.",
            "Write paths with '/', or use single quotes, where a backslash has no special meaning."),
        ("Unicode", "In double quotes, this escape sequence is not a valid character.",
            "Use single quotes, where a backslash has no special meaning."),
        ("could not find expected ':'", "This line has no ': ' (a colon and a space).", "Write 'key: value'."),
        ("invalid mapping", "There is a ': ' where a key is not allowed.",
            "Check the space after the colon in the line above and the indentation of this line. A value with ': ' in it needs quotes."),
        ("Mapping values are not allowed", "There is a ': ' where a key is not allowed.",
            "Check the indentation of this line. A value with ': ' in it needs quotes."),
        ("Block sequence entries are not allowed", "A list item '- ' is not allowed here.",
            "Begin the list on a line of its own. A value that is a dash needs quotes."),
        ("did not find expected '-' indicator", Indentation, Align),
        ("did not find expected ',' or ']'", "Inside [ ], a ',' or a ']' is expected here.",
            "Put a comma between the items and a ']' after the last item."),
        ("did not find expected ',' or '}'", "Inside { }, a ',' or a '}' is expected here.",
            "Put a comma between the entries and a '}' after the last entry."),
        ("disallowed: []{},", "An '&' or a '*' begins an anchor or an alias, but no name follows it.", "Put the text in quotes."),
        ("comment", "A '#' directly follows a value.", "Put a space before a comment. A value with '#' in it needs quotes."),
        ("expected <document", "The document is complete, but more text follows here.",
            "A workflow file is a mapping: every line at the left margin is 'key: value' or 'key:'."),
        ("document", "A line with '---' or '...' is not allowed here.", "A workflow file is one document and needs neither."),
    ];

    /// <summary>Returns the error for a tab where YAML allows only spaces.</summary>
    public static YamlFault Tab(YamlPosition position, Exception? inner = null) => new(position,
        "There is a tab here, but YAML allows only spaces before and between values.", "Replace it with spaces.", inner);

    /// <summary>Returns the error for an exception of the parser, which stopped at a position in the source.</summary>
    public static YamlFault Explain(Exception exception, YamlSource source, Mark stopped)
    {
        // Some of the parser's exceptions have no position.
        (Mark mark, Mark end) = exception is YamlException { End.Index: > 0 } yaml ? (yaml.Start, yaml.End) : (stopped, stopped);
        foreach (Mark place in new[] { end, stopped, mark })
        {
            if (source.Indentation(place).Contains("\t"))
                return Tab(source.Position(place), exception);
        }

        (string message, string advice) = exception is InvalidOperationException
            ? ("This line is not indented enough or does not belong to anything.", "Indent lines between [ ] or { } deeper than their key.")
            : Words(exception.Message, source, mark);
        return new YamlFault(source.Position(mark), message, advice, exception);
    }

    private static (string Message, string Advice) Words(string message, YamlSource source, Mark mark)
    {
        foreach ((string sign, string words, string advice) in Mistakes)
        {
            if (message.Contains(sign))
                return (words, advice);
        }

        string next = source.Character(mark);
        if (message.Contains("cannot start any token"))
            return ($"A value cannot begin with '{next}'.", "Put it in quotes.");
        if (message.Contains("did not find expected node content"))
        {
            return next.Length == 0
                ? ("A '[' or '{' is never closed.", "Put its ']' or '}' after the last item.")
                : ($"A value is missing before '{next}', or this '{next}' should not be here.", "Put text that begins with it in quotes.");
        }

        if (message.Contains("did not find expected key") && !source.IsFirstOfLine(mark))
        {
            return ("The value is complete, but more text follows here.",
                "Inside single quotes, write a single quote twice: 'it''s'. Put quotes around the entire value, or use none.");
        }

        if (message.Contains("did not find expected key"))
            return source.LineHasKey(mark) ? (Indentation, Align) : ("This line has no ': ' (a colon and a space).", "Write 'key: value'.");
        return ("This is not YAML.", "Check this line and the one above it: quotes, brackets, colons and indentation.");
    }
}
