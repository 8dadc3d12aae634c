using System.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>Makes one command line of arguments, as Windows wants it and its C runtime takes it apart again.</summary>
internal static class CommandLine
{
    // What cmd.exe, which runs every .bat and .cmd, would act upon, inside quotes as well.
    private static readonly char[] BatchCharacters = ['"', '%', '!', '&', '|', '<', '>', '^', '\r', '\n'];

    /// <summary>The arguments on one line, by the rules of <c>CommandLineToArgvW</c> and the Microsoft C runtime.</summary>
    public static string Join(IEnumerable<string> arguments) => string.Join(" ", arguments.Select(Quote));

    /// <summary>The first argument that a batch file would not get as it is; null when there is none.</summary>
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
            // Backslashes mean themselves, except before a quote.
            if (c == '"')
                quoted.Append('\\', backslashes + 1);
            backslashes = c == '\\' ? backslashes + 1 : 0;
            quoted.Append(c);
        }

        return quoted.Append('\\', backslashes).Append('"').ToString();
    }
}
