using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>
/// Cleans credentials and settings as people paste them: removes line ends, quotes and <c>Bearer</c>. Rejects characters that cannot be
/// sent, and unresolved placeholders. No error shows the value.
/// </summary>
public static class Pasted
{
    // Azure Pipelines' $(name), $[expression] and ${{ expression }}, Databricks' {{secrets/scope/key}}.
    private static readonly Regex Placeholder = new(
        @"(?<macro>\$\([A-Za-z_][\w.\-]*\))|(?<secret>\{\{\s*secrets/[^{}]*\}\})|(?<expression>\$\{\{[^{}]*\}\}|\$\[\s*[A-Za-z][^\[\]]*\])",
        RegexOptions.CultureInvariant);

    private static readonly Regex Bearer = new(
        @"^(?:Authorization:\s*)?Bearer\s+", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    // All kinds of spaces are trimmed. These two are invisible too, but are not spaces.
    private static readonly char[] Invisible = ['\uFEFF', '\u200B'];

    private static readonly string[] Quotes = ["\"\"", "''", "\u201C\u201D", "\u2018\u2019", "``"];

    /// <summary>Removes the spaces, line ends and quotes around a setting; null if nothing is left.</summary>
    /// <param name="value">The text.</param>
    /// <param name="source">The variable, parameter or file of the value, for the error.</param>
    /// <param name="isSecret">True if the value may legitimately contain a placeholder within other text.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a placeholder.</exception>
    public static string? Setting(string? value, string source, bool isSecret = false)
    {
        string text = Trim(value ?? "");
        if (text.Length >= 2 && Quotes.Any(pair => text[0] == pair[0] && text[text.Length - 1] == pair[1]))
            text = Trim(text.Substring(1, text.Length - 2));
        ThrowIfUnresolved(text, source, isSecret);
        return text.Length == 0 ? null : text;
    }

    /// <summary>Cleans a token, and removes a leading <c>Bearer</c>; null if nothing is left.</summary>
    /// <inheritdoc cref="Header"/>
    public static string? Token(string? value, string source)
    {
        string text = Bearer.Replace(Setting(value, source, isSecret: true) ?? "", "");
        return Setting(text, source, isSecret: true) is { } token && !token.Equals("Bearer", StringComparison.OrdinalIgnoreCase)
            ? Printable(token, source, lowest: '!', "token")
            : null;
    }

    /// <summary>Cleans a setting that is sent as a header; null if nothing is left.</summary>
    /// <param name="value">The text.</param>
    /// <param name="source">The variable, parameter or file of the value, for the error.</param>
    /// <param name="isSecret">True if the value may legitimately contain a placeholder within other text.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> for a placeholder, or a character that a header cannot contain.
    /// </exception>
    public static string? Header(string? value, string source, bool isSecret = false) =>
        Setting(value, source, isSecret) is { } text ? Printable(text, source, lowest: ' ', "header") : null;

    /// <summary>
    /// Removes the line ends around a user or a password. Spaces and quotes may be part of it. Null if nothing is left.
    /// </summary>
    /// <inheritdoc cref="Setting"/>
    public static string? Password(string? value, string source)
    {
        string text = (value ?? "").Trim('\r', '\n');
        ThrowIfUnresolved(text, source, isSecret: true);
        return text.Length == 0 ? null : text;
    }

    /// <summary>Throws if a text contains a placeholder; for a secret, only if it consists of nothing else.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void ThrowIfUnresolved(string text, string source, bool isSecret = false)
    {
        if (Placeholder.Match(text) is not { Success: true } match)
            return;
        if (isSecret && match.Length != Bearer.Replace(Trim(text).Trim('"', '\''), "").Length)
            return;
        string why = match.Groups["macro"].Success
            ? "an Azure Pipelines macro that has no value. Define the variable, or map the secret with env: in the task"
            : match.Groups["secret"].Success
            ? "a reference to a Databricks secret that was not replaced. Databricks replaces it only in the environment of a cluster: "
                + "check the scope and the key"
            : "an expression that was not replaced. Azure Pipelines replaces it only in variables: and env:";
        throw new MlflowException(ErrorKind.InvalidValue, $"{source} is '{match.Value}', {why}.") { Target = source };
    }

    /// <summary>True if a text is a placeholder and nothing else.</summary>
    internal static bool IsPlaceholder(string text) => Placeholder.Match(text) is { Success: true } match && match.Length == text.Length;

    private static string Trim(string text) => text.Trim().Trim(Invisible).Trim();

    private static string Printable(string text, string source, char lowest, string what)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] >= lowest && text[i] <= '~')
                continue;
            string character = char.IsWhiteSpace(text[i]) || char.IsControl(text[i]) ? "a space or line end" : "a character outside ASCII";
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"{source} contains {character} (U+{((int)text[i]).ToString("X4", CultureInfo.InvariantCulture)}) at position {i + 1}, "
                + $"which a {what} cannot contain. It may have been copied incompletely, or from a page that formats text. Copy it again.")
            { Target = source };
        }

        return text;
    }
}
