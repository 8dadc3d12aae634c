using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Projects;

/// <summary>
/// Parses the command of an entry point. MLflow inserts the parameters and lets a shell read the result. Here the command is split first,
/// by the shell's rules of quoting (POSIX.1-2017, 2.2), and then filled in. No shell is started, so a value stays within its argument. A
/// command that needs a shell is rejected. On Windows, MLflow's shell is <c>cmd</c>, and a backslash is literal, as in the C runtime there.
/// Single quotes follow POSIX everywhere, so that a project runs on both.
/// </summary>
internal static class CommandTemplate
{
    private const string Operators = "|&;<>()$`*?[]\n", InQuotes = "$`", OfCmd = "%^", OfCmdInQuotes = "%";

    private static readonly Regex Safe = new("^[A-Za-z0-9_@%+=:,./-]+$", RegexOptions.CultureInvariant);
    private static readonly Regex SafeInCmd = new("^[A-Za-z0-9_@+:./-]+$", RegexOptions.CultureInvariant);
    private static readonly Regex Assignment = new("^[A-Za-z_][A-Za-z0-9_]*=", RegexOptions.CultureInvariant);

    /// <summary>Returns the program and its arguments.</summary>
    /// <param name="template">The command, with <c>{name}</c> in place of a parameter; <c>{{</c> is a literal brace.</param>
    /// <param name="values">The parameters.</param>
    /// <param name="onWindows">Whether the shell is <c>cmd</c>; by default, whether this machine runs Windows.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> for a command that only a shell could run, or for an unknown parameter.
    /// </exception>
    public static IReadOnlyList<string> ToArguments(string template, IReadOnlyDictionary<string, string> values, bool? onWindows = null)
    {
        bool isCmd = onWindows ?? WindowsName.IsWindows;
        string text = template.Trim();
        List<string> arguments = [];
        var word = new StringBuilder();
        bool isWord = false;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is '{' or '}')
            {
                word.Append(Fill(ref i, quote != '\0'));
                isWord = true;
            }
            else if (quote == '\'')
            {
                Take(c, ends: c == '\'');
            }
            else if (isCmd && c == '\\')
            {
                TakeBackslashes(ref i);
            }
            else if (isCmd && (quote == '"' ? OfCmdInQuotes : OfCmd).IndexOf(c) >= 0)
            {
                throw NeedsShell(c);
            }
            else if (quote == '"')
            {
                if (c == '\\' && i + 1 < text.Length && text[i + 1] is '"' or '\\' or '$' or '`' or '\n')
                    Append(text[++i]);
                else if (InQuotes.IndexOf(c) >= 0)
                    throw NeedsShell(c);
                else
                    Take(c, ends: c == '"');
            }
            else if (c is '\'' or '"')
            {
                (quote, isWord) = (c, true);
            }
            else if (c == '\\')
            {
                if (++i == text.Length)
                    throw Wrong("ends with a backslash");
                Append(text[i]);
            }
            else if (c is ' ' or '\t' or '\r')
            {
                EndWord();
            }
            else if (Operators.IndexOf(c) >= 0 || (!isWord && c is '#' or '~'))
            {
                throw NeedsShell(c);
            }
            else
            {
                Append(c);
            }
        }

        if (quote != '\0')
            throw Wrong($"has an unclosed quote {quote}");
        EndWord();
        if (arguments.Count == 0)
            throw Wrong("is empty");
        return Assignment.IsMatch(arguments[0]) || arguments[0] == "!" ? throw NeedsShell(arguments[0][0] == '!' ? '!' : '=') : arguments;

        void Append(char c)
        {
            // A line that continues after a backslash.
            if (c != '\n')
                word.Append(c);
            isWord |= c != '\n';
        }

        // Backslashes are literal, except before a quote. There, two become one, and an odd one makes the quote literal.
        void TakeBackslashes(ref int i)
        {
            int end = i;
            while (end < text.Length && text[end] == '\\')
                end++;
            int count = end - i;
            bool isBeforeQuote = end < text.Length && text[end] == '"';
            word.Append('\\', isBeforeQuote ? count / 2 : count);
            isWord = true;
            i = end - 1;
            if (isBeforeQuote && count % 2 == 1)
            {
                word.Append('"');
                i = end;
            }
        }

        void Take(char c, bool ends)
        {
            if (ends)
                quote = '\0';
            else
                word.Append(c);
        }

        void EndWord()
        {
            if (isWord)
                arguments.Add(word.ToString());
            word.Clear();
            isWord = false;
        }

        string Fill(ref int i, bool isQuoted)
        {
            char c = text[i];
            if (i + 1 < text.Length && text[i + 1] == c)
            {
                i++;
                return isQuoted ? c.ToString() : throw NeedsShell(c);
            }

            int end = c == '{' ? text.IndexOf('}', i) : -1;
            if (end < 0)
                throw Wrong($"has a brace {c} that is not part of a parameter; write it twice for a literal brace");
            string name = text.Substring(i + 1, end - i - 1);
            i = end;
            return values.TryGetValue(name, out string? value) ? value : throw Wrong($"uses '{{{name}}}', but the entry point has no such parameter");
        }

        MlflowException NeedsShell(char c) => Wrong($"has the character '{(c == '\n' ? "line end" : c.ToString())}' where a shell would interpret it, and no shell is started. Quote it if it is meant literally; otherwise put the command into a script and let the entry point run that");

        MlflowException Wrong(string what) => new(ErrorKind.InvalidValue, $"The command of the entry point {what}: {text}") { Target = text };
    }

    /// <summary>Quotes a text as MLflow writes it into a command and a param (Python's <c>shlex.quote</c>).</summary>
    public static string Quote(string text) => Safe.IsMatch(text) ? text : $"'{text.Replace("'", "'\"'\"'")}'";

    /// <summary>Quotes a text as an argument of a template that <c>cmd</c> runs, as MLflow does on Windows. Braces are escaped.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if it has a character that <c>cmd</c> interprets even in quotes.
    /// </exception>
    public static string EscapeForCmd(string text)
    {
        if (text.IndexOfAny(['%', '"', '\r', '\n']) is >= 0 and var at)
        {
            string sign = text[at] < ' ' ? "line end" : text[at].ToString();
            throw new MlflowException(ErrorKind.InvalidValue,
                $"The argument '{text}' has the character '{sign}', which cmd interprets even in "
                + "quotes. Put the command into a script, and give that script instead.")
            { Target = text };
        }

        if (SafeInCmd.IsMatch(text))
            return text;
        string backslashes = new('\\', text.Length - text.TrimEnd('\\').Length);
        return $"\"{text.Replace("{", "{{").Replace("}", "}}")}{backslashes}\"";
    }

    /// <summary>Quotes a text as an argument of a template. Braces are escaped.</summary>
    public static string Escape(string text) => text.IndexOfAny(['{', '}']) >= 0 ? Quote(text).Replace("{", "{{").Replace("}", "}}") : Quote(text);
}
