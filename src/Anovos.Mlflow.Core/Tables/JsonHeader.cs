using System.Text;
using System.Text.Json;

namespace Anovos.Mlflow.Tables;

/// <summary>Reads the keys of a file with one JSON object per line. Spark uses the keys of all lines as columns.</summary>
internal static class JsonHeader
{
    private const int MostBytes = 4 * 1024 * 1024;

    /// <summary>Returns the keys of the lines up to a limit; null if a line is not an object.</summary>
    public static DataHeader? Read(Stream stream)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 4096,
            leaveOpen: true);
        long read = 0;
        while (read < MostBytes && reader.ReadLine() is { } line)
        {
            read += line.Length + 1;
            if (line.Trim().Length > 0 && !Add(names, line))
                return null;
        }

        return names.Count == 0 ? null : new DataHeader([.. names], IsComplete: reader.EndOfStream);
    }

    private static bool Add(HashSet<string> names, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return false;
            names.UnionWith(document.RootElement.EnumerateObject().Select(property => property.Name));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
