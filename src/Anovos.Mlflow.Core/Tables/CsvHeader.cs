using System.Globalization;
using System.Text;

namespace Anovos.Mlflow.Tables;

/// <summary>Reads the columns of a CSV file as Spark names them.</summary>
internal static class CsvHeader
{
    // A longer first line is not a header.
    private const int MostCharacters = 1024 * 1024;

    /// <summary>Returns the columns; null for an empty file.</summary>
    public static DataHeader? Read(Stream stream, string delimiter, char quote, bool hasHeader)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 4096,
            leaveOpen: true);
        List<string> fields = Fields(reader, delimiter, quote);
        if (fields.Count == 1 && fields[0].Length == 0)
            return null;
        return new DataHeader(hasHeader ? Names(fields) : [.. fields.Select((_, index) => Numbered(index))]);
    }

    private static List<string> Fields(StreamReader reader, string delimiter, char quote)
    {
        List<string> fields = [];
        var field = new StringBuilder();
        bool quoted = false;
        for (int read = 0, c; read < MostCharacters && (c = reader.Read()) >= 0; read++)
        {
            if (c == quote && (quoted || field.Length == 0))
                quoted = !quoted;
            else if (!quoted && c is '\n' or '\r' && !quoted)
            {
                // An empty line before the header is skipped.
                if (fields.Count > 0 || field.Length > 0)
                    break;
                continue;
            }
            else
                field.Append((char)c);

            if (!quoted && EndsWith(field, delimiter))
            {
                fields.Add(field.ToString(0, field.Length - delimiter.Length));
                field.Clear();
            }
        }

        fields.Add(field.ToString());
        return fields;
    }

    // Spark names a column without a name by its number, and appends the column's number to a repeated name.
    private static IReadOnlyList<string> Names(List<string> fields)
    {
        var again = new HashSet<string>(fields.GroupBy(name => name, StringComparer.OrdinalIgnoreCase)
            .Where(same => same.Count() > 1).Select(same => same.Key), StringComparer.OrdinalIgnoreCase);
        return [.. fields.Select((name, index) => name.Length == 0 ? Numbered(index) : again.Contains(name) ? name + Number(index) : name)];
    }

    private static string Numbered(int index) => "_c" + Number(index);

    private static string Number(int index) => index.ToString(CultureInfo.InvariantCulture);

    private static bool EndsWith(StringBuilder text, string end)
    {
        if (end.Length == 0 || text.Length < end.Length)
            return false;
        for (int i = 0; i < end.Length; i++)
        {
            if (text[text.Length - end.Length + i] != end[i])
                return false;
        }

        return true;
    }
}
