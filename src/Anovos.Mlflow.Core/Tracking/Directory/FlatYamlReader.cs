using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>A field of a flat mapping.</summary>
/// <param name="Value">The scalar; null for null and for a nested value.</param>
/// <param name="IsPlain">Whether the scalar has no quotes.</param>
/// <param name="IsNested">Whether the value is not a scalar on its line.</param>
/// <param name="Line">The line, from 1.</param>
internal readonly record struct FlatField(string? Value, bool IsPlain, bool IsNested, int Line);

/// <summary>
/// Reads the flat <c>key: scalar</c> mappings that PyYAML writes, with plain, single- and double-quoted scalars, folded or not. A nested
/// value reads as null, because no relevant field of a <c>meta.yaml</c> has one.
/// </summary>
internal static class FlatYamlReader
{
    /// <summary>Returns the scalars by key.</summary>
    /// <exception cref="FormatException">The text is not a flat mapping.</exception>
    public static Dictionary<string, string?> Read(string text) =>
        Read(text, fault => throw fault).ToDictionary(field => field.Key, field => field.Value.Value, StringComparer.Ordinal);

    /// <summary>Returns the fields by key. Skips lines that cannot be read.</summary>
    public static Dictionary<string, FlatField> Read(string text, Action<FormatException> onFault)
    {
        var cursor = new YamlCursor(text);
        var fields = new Dictionary<string, FlatField>(StringComparer.Ordinal);
        while (!cursor.End)
        {
            int start = cursor.Position;
            if (AtForeignLine(cursor))
            {
                cursor.SkipLine();
                continue;
            }

            try
            {
                int line = cursor.Line;
                string key = Key(cursor);
                fields[key] = Value(cursor) with { Line = line };
            }
            catch (FormatException fault)
            {
                onFault(fault);
                cursor.Position = start;
                cursor.SkipLine();
            }
        }

        return fields;
    }

    // Blank lines, comments, document markers, and the parts of a nested value: indented lines and list items.
    private static bool AtForeignLine(YamlCursor cursor) =>
        cursor.AtSpace || cursor.Here is '#' or '-' or '%' || cursor.StartsWith("...");

    private static string Key(YamlCursor cursor)
    {
        int start = cursor.Position;
        while (!cursor.End && !cursor.AtBreak)
        {
            if (cursor.Take() == ':' && cursor.AtSpace)
                return cursor.Since(start).TrimEnd(':', ' ');
        }

        throw cursor.Broken("it is not 'key: value'");
    }

    private static FlatField Value(YamlCursor cursor)
    {
        cursor.SkipBlanks();
        char first = cursor.AtSpace ? '\n' : cursor.Here;
        string? value = null;
        if (first is '\'' or '"')
            value = YamlQuoted.Read(cursor);
        else if (first is not ('\n' or '{' or '[' or '|' or '>' or '#'))
            return new FlatField(Plain(cursor) is var plain && plain is "null" or "Null" or "NULL" or "~" ? null : plain, true, false, 0);

        bool isNested = first is '[' or '{' or '|' or '>' && !cursor.StartsWith("[]") && !cursor.StartsWith("{}");
        cursor.SkipLine();
        return new FlatField(value, false, isNested, 0);
    }

    private static string Plain(YamlCursor cursor)
    {
        var value = new StringBuilder();
        while (true)
        {
            int start = cursor.Position;
            while (!cursor.End && !cursor.AtBreak && !(cursor.Here == '#' && cursor.AfterBlank))
                cursor.Take();
            value.Append(cursor.Since(start).TrimEnd(' ', '\t'));

            int lineEnd = cursor.Position;
            string fold = cursor.AtBreak ? cursor.Fold() : "";
            bool continues = fold.Length > 0 && !cursor.End && cursor.AfterBlank && cursor.Here != '#';
            if (!continues)
            {
                // The scalar does not continue: what follows is the next key or nothing. That line is read separately.
                cursor.Position = lineEnd;
                cursor.SkipLine();
                return value.ToString();
            }

            value.Append(fold);
        }
    }
}
