using System.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>Joins arguments to one command line, which the C runtime of Windows splits into the same arguments.</summary>
internal static class CommandLine
{
    // Characters that cmd.exe, which runs every .bat and .cmd file, interprets even inside quotes.
    private static readonly char[] BatchCharacters = ['"', '%', '!', '&', '|', '<', '>', '^', '\r', '\n'];

    /// <summary>Joins the arguments by the rules of <c>CommandLineToArgvW</c> and the Microsoft C runtime.</summary>
    public static string Join(IEnumerable<string> arguments) => string.Join(" ", arguments.Select(Quote));

    /// <summary>Returns the first argument that a batch file would not receive unchanged; null if there is none.</summary>
    public static string? BrokenByBatch(string fileName, IEnumerable<string> arguments)
    {
        bool isBatch = fileName.EndsWith(".bat", StringComparison.OrdinalIgnoreCase) || fileName.EndsWith(".cmd", StringComparison.OrdinalIgnoreCase);
        return isBatch ? arguments.FirstOrDefault(argument => argument.IndexOfAny(BatchCharacters) >= 0) : null;
    }

    private static string Quote(string argument)
    {
        if (argument.Length > 0 && !argument.Any(c => char.IsWhiteSpace(c) || c == '"'))
            return argument;

        var quoted = new StringBuilder("\"");
        int backslashes = 0;
        foreach (char c in argument)
        {
            // Backslashes are literal, except before a quote.
            if (c == '"')
                quoted.Append('\\', backslashes + 1);
            backslashes = c == '\\' ? backslashes + 1 : 0;
            quoted.Append(c);
        }

        return quoted.Append('\\', backslashes).Append('"').ToString();
    }
}
