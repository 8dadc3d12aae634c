using System.Globalization;
using System.Text;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Formats YAML values as Python prints them.</summary>
/// <param name="mask">Whether to mask secrets.</param>
internal sealed class PythonText(bool mask)
{
    /// <summary>Formats a value like Python's <c>str</c>: text without quotes, a list as <c>['a', 1, None]</c>.</summary>
    public string Str(YamlNode node) => node switch
    {
        YamlScalar { Kind: YamlKind.String or YamlKind.Null } scalar => Clean(scalar.Text),
        YamlScalar { Kind: YamlKind.Timestamp } date => PythonDate.Str(date.Text),
        _ => Repr(node),
    };

    private string Repr(YamlNode node) => node switch
    {
        YamlSequence list => $"[{string.Join(", ", list.Items.Select(Repr))}]",
        YamlMapping mapping => $"{{{string.Join(", ", mapping.Entries.Select(Repr))}}}",
        YamlScalar { Kind: YamlKind.Float } number when PythonFloat.TryRead(number.Value, out double value) => PythonFloat.Write(value),
        YamlScalar { Kind: YamlKind.Timestamp } date => PythonDate.Repr(date.Text),
        YamlScalar { Kind: YamlKind.String } text => Repr(Clean(text.Text), isBytes: false),
        YamlScalar { Kind: YamlKind.Binary } binary => "b" + Repr(FromBase64(binary), isBytes: true),
        YamlScalar scalar => scalar.Value,
        _ => throw new InvalidOperationException(node.Description),
    };

    private string Repr(YamlEntry entry)
    {
        bool isSecret = mask && entry.Value.IsTruthy && Secrets.IsSecretKey(entry.Key.Text);
        return $"{Repr(entry.Key)}: {(isSecret ? $"'{Secrets.Mask}'" : Repr(entry.Value))}";
    }

    private string Clean(string text) => mask ? Secrets.Clean(text) : text;

    private static string Repr(string text, bool isBytes)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var printed = new StringBuilder().Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            string one = char.IsSurrogatePair(text, i) ? text.Substring(i, 2) : text[i].ToString();
            printed.Append(text[i] switch
            {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                var c when c == quote => "\\" + c,
                >= ' ' and < '\x7f' => one,
                _ when !isBytes && IsPrintable(one) => one,
                _ => Escape(one.Length == 2 ? char.ConvertToUtf32(one, 0) : one[0]),
            });
            i += one.Length - 1;
        }

        return printed.Append(quote).ToString();
    }

    private static string Escape(int codePoint) =>
        codePoint < 0x100 ? $"\\x{codePoint:x2}" : codePoint < 0x10000 ? $"\\u{codePoint:x4}" : $"\\U{codePoint:x8}";

    private static bool IsPrintable(string character) => CharUnicodeInfo.GetUnicodeCategory(character, 0) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    // One character per byte. SafeLoader ignores characters that are not base64.
    private static string FromBase64(YamlScalar binary)
    {
        try
        {
            return string.Concat(Convert.FromBase64String(binary.Text).Select(part => (char)part));
        }
        catch (FormatException e)
        {
            throw new YamlFault(binary.Position, "A value with the tag '!!binary' is not base64.", "Correct it.", e);
        }
    }
}
