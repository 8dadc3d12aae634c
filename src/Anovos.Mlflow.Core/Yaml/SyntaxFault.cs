using YamlDotNet.Core;

namespace Anovos.Mlflow.Yaml;

/// <summary>Says in a user's words what the parser says in its own: which mistake it usually is, and where it begins.</summary>
internal static class SyntaxFault
{
    private const string Indentation = "This line is not indented as the lines are that it belongs to.";
    private const string Align = "Give all keys of a block, and all '-' of a list, the same number of spaces.";

    // A part of the parser's message, what to say, and the advice; the first that fits counts.
    private static readonly (string Sign, string Message, string Advice)[] Mistakes =
    [
        ("unexpected end of stream", "The quote that opens here is never closed.", "Close it with the same kind of quote."),
        ("wrong indentation", "The double quote that opens here is not closed in its line.",
            "Close it, or indent the lines that continue it deeper than their key."),
        ("escape", "In double quotes a backslash begins an escape, and this one does not exist.",
            "Write paths with '/', or use single quotes, where a backslash is a backslash."),
        ("hexadecimal", "In double quotes \\x, \\u and \\U must be followed by hexadecimal digits.",
            "Write paths with '/', or use single quotes, where a backslash is a backslash."),
        ("Unicode", "In double quotes this escape gives no character.", "Use single quotes, where a backslash is a backslash."),
        ("could not find expected ':'", "This line has no ': ', a colon and a space.", "Write 'key: value'."),
        ("invalid mapping", "A ': ' is where a key cannot be.",
            "Is the space after the colon missing one line above? Is this line indented too deep? A value with ': ' in it needs quotes."),
        ("Mapping values are not allowed", "A ': ' is where a key cannot be.",
            "Check the indentation of this line; a value with ': ' in it needs quotes."),
        ("Block sequence entries are not allowed", "A list item '- ' is where it cannot be.",
            "Begin the list in a line of its own; a value that is a dash needs quotes."),
        ("did not find expected '-' indicator", Indentation, Align),
        ("did not find expected ',' or ']'", "Inside [ ] there is something here that is neither ',' nor ']'.",
            "Put a comma between the items and a ']' after the last."),
        ("did not find expected ',' or '}'", "Inside { } there is something here that is neither ',' nor '}'.",
            "Put a comma between the entries and a '}' after the last."),
        ("disallowed: []{},", "An '&' or a '*' begins an anchor or an alias, and no name follows it.", "Put the text in quotes."),
        ("comment", "A '#' directly follows a value.", "Put a space before a comment; a value with '#' in it needs quotes."),
        ("expected <document", "Something follows here although the document is complete.",
            "A workflow file is a mapping: every line at the left margin is 'key: value' or 'key:'."),
        ("document", "A line of '---' or '...' is where it cannot be.", "A workflow file is one document and needs neither."),
    ];

    /// <summary>The fault that a tab stands where YAML takes spaces only.</summary>
    public static YamlFault Tab(YamlPosition position, Exception? inner = null) => new(position,
        "There is a tab here, and YAML allows only spaces before and between values.", "Replace it with spaces.", inner);

    /// <summary>The fault behind an exception of the parser, which stopped at a place in the source.</summary>
    public static YamlFault Explain(Exception exception, YamlSource source, Mark stopped)
    {
        // Some of the parser's exceptions say no place.
        (Mark mark, Mark end) = exception is YamlException { End.Index: > 0 } yaml ? (yaml.Start, yaml.End) : (stopped, stopped);
        foreach (Mark place in new[] { end, stopped, mark })
        {
            if (source.Indentation(place).Contains("\t"))
                return Tab(source.Position(place), exception);
        }

        (string message, string advice) = exception is InvalidOperationException
            ? ("This line begins too far left, or it belongs to nothing.", "Indent lines between [ ] or { } deeper than their key.")
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
                : ($"A value is missing before '{next}', or this '{next}' is one too many.", "Put text that begins with it in quotes.");
        }

        if (message.Contains("did not find expected key") && !source.IsFirstOfLine(mark))
        {
            return ("Something follows here although the value is complete.",
                "Inside single quotes a single quote is written twice: 'it''s'. Quotes go around all of a value, or none of it.");
        }

        if (message.Contains("did not find expected key"))
            return source.LineHasKey(mark) ? (Indentation, Align) : ("This line has no ': ', a colon and a space.", "Write 'key: value'.");
        return ("This is not YAML.", "Check this line and the one above it: quotes, brackets, colons and indentation.");
    }
}
