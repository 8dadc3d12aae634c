using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Yaml;

/// <summary>Writes a document that PyYAML's SafeLoader reads as the same values. Aliases and merges are expanded.</summary>
internal static class YamlWriter
{
    // PyYAML accepts a key of up to 1024 characters without a question mark before it.
    private const int LongestPlainKey = 1000;

    // Inside brackets, some characters end an unquoted value.
    private static readonly Regex Simple = new(@"^[A-Za-z0-9_.+\-]+\z", RegexOptions.CultureInvariant);

    /// <summary>Returns the document in UTF-8, with one line per entry of the top-level mapping.</summary>
    public static byte[] Write(YamlMapping root)
    {
        var text = new StringBuilder();
        foreach (YamlEntry entry in root.Entries)
        {
            Add(text, entry, explicitEnd: "\n");
            text.Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.Length == 0 ? "{}\n" : text.ToString());
    }

    private static void Add(StringBuilder text, YamlEntry entry, string explicitEnd)
    {
        string key = ToText(entry.Key);
        text.Append(key.Length > LongestPlainKey ? $"? {key}{explicitEnd}: " : key + ": ");
        Add(text, entry.Value);
    }

    private static void Add(StringBuilder text, YamlNode node)
    {
        switch (node)
        {
            case YamlMapping mapping:
                text.Append('{');
                foreach (YamlEntry entry in mapping.Entries)
                {
                    Add(text, entry, explicitEnd: " ");
                    text.Append(", ");
                }

                text.Append('}');
                break;
            case YamlSequence sequence:
                text.Append('[');
                foreach (YamlNode item in sequence.Items)
                {
                    Add(text, item);
                    text.Append(", ");
                }

                text.Append(']');
                break;
            case YamlScalar scalar:
                text.Append(ToText(scalar));
                break;
        }
    }

    private static string ToText(YamlScalar scalar) => scalar.Kind switch
    {
        YamlKind.String => Quoted(scalar.Text),
        YamlKind.Null => "null",
        YamlKind.Boolean => scalar.Value == "True" ? "true" : "false",
        _ when Simple.IsMatch(scalar.Text) && YamlScalars.Plain(scalar.Position, scalar.Text).Kind == scalar.Kind => scalar.Text,
        YamlKind.Integer => $"!!int {Quoted(scalar.Text)}",
        YamlKind.Float => $"!!float {Quoted(scalar.Text)}",
        YamlKind.Timestamp => $"!!timestamp {Quoted(scalar.Text)}",
        _ => $"!!binary {Quoted(scalar.Text)}",
    };

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                quoted.Append(c).Append(text[++i]);
            else if (c < ' ' || c is (>= '\u007F' and <= '\u00A0') or '\u2028' or '\u2029' or (>= '\uD800' and <= '\uDFFF') or >= '\uFEFF')
                quoted.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            else
                quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}
