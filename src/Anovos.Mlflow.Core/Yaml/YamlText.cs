using System.Text;

namespace Anovos.Mlflow.Yaml;

/// <summary>Decodes a file's bytes like PyYAML: UTF-8, or UTF-16 with a byte order mark.</summary>
internal static class YamlText
{
    /// <summary>Returns the text without its byte order mark.</summary>
    /// <exception cref="YamlFault">The bytes are not text, or have a character that YAML forbids.</exception>
    public static string Decode(byte[] bytes)
    {
        string text = bytes switch
        {
            [0xFF, 0xFE, ..] => Decode(bytes, offset: 2,
                new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true)),
            [0xFE, 0xFF, ..] => Decode(bytes, offset: 2,
                new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true)),
            [0xEF, 0xBB, 0xBF, ..] => Decode(bytes, offset: 3, new UTF8Encoding(false, throwOnInvalidBytes: true)),
            _ => Decode(bytes, offset: 0, new UTF8Encoding(false, throwOnInvalidBytes: true)),
        };
        RefuseForbidden(text);
        return text;
    }

    private static string Decode(byte[] bytes, int offset, Encoding encoding)
    {
        try
        {
            return encoding.GetString(bytes, offset, bytes.Length - offset);
        }
        catch (DecoderFallbackException exception)
        {
            string name = encoding is UTF8Encoding ? "UTF-8" : "UTF-16", before = ValidStart(bytes, offset, encoding);
            throw new YamlFault(PositionAfter(before), $"These bytes are not valid {name}.", "Save the file as UTF-8.", exception);
        }
    }

    // The index in the exception differs on .NET Framework.
    private static string ValidStart(byte[] bytes, int offset, Encoding encoding)
    {
        Decoder decoder = encoding.GetDecoder();
        var text = new StringBuilder();
        var characters = new char[encoding.GetMaxCharCount(1)];
        try
        {
            for (int i = offset; i < bytes.Length; i++)
                text.Append(characters, 0, decoder.GetChars(bytes, i, 1, characters, 0, flush: i == bytes.Length - 1));
        }
        catch (DecoderFallbackException)
        {
            // The invalid bytes begin here.
        }

        return text.ToString();
    }

    private static void RefuseForbidden(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is (>= ' ' and <= '~') or '\n' or '\r' or '\t' or '\u0085' or (>= '\u00A0' and <= '\uFFFD'))
                continue;

            YamlPosition position = PositionAfter(text.Substring(0, i));
            throw c == '\0'
                ? new YamlFault(position, "There is a NUL character here.",
                    "The file is UTF-16 without a byte order mark, or not text at all. Save it as UTF-8.")
                : new YamlFault(position, $"There is a character U+{(int)c:X4} here, which YAML forbids.",
                    $"Delete it, or write \"\\u{(int)c:X4}\" in double quotes.");
        }
    }

    private static YamlPosition PositionAfter(string text)
    {
        int line = 1 + text.Count(c => c == '\n');
        return new YamlPosition(line, text.Length - text.LastIndexOf('\n'));
    }
}
