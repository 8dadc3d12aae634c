using System.Text;
using System.Text.Json;

namespace Anovos.Mlflow.Tables;

/// <summary>
/// Reads the schema in the header of an Avro container: <c>Obj1</c>, followed by a map whose entry <c>avro.schema</c> is JSON.
/// </summary>
internal static class AvroHeader
{
    private const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Returns the fields of the record; null if the file is not an Avro container of records.</summary>
    public static DataHeader? Read(Stream stream)
    {
        byte[]? magic = Bytes(stream, 4);
        if (magic is not [(byte)'O', (byte)'b', (byte)'j', 1])
            return null;

        // A map is stored in blocks, and an empty block ends it.
        for (long count = Long(stream); count != 0; count = Long(stream))
        {
            // A negative count is followed by the length of the block in bytes.
            if (count < 0)
            {
                _ = Long(stream);
                count = -count;
            }

            for (; count > 0; count--)
            {
                if (Bytes(stream, Long(stream)) is not { } key || Bytes(stream, Long(stream)) is not { } value)
                    return null;
                if (Encoding.UTF8.GetString(key) == "avro.schema")
                    return Fields(value);
            }
        }

        return null;
    }

    private static DataHeader? Fields(byte[] schema)
    {
        try
        {
            using var document = JsonDocument.Parse(schema);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("fields", out JsonElement fields)
                || fields.ValueKind != JsonValueKind.Array)
                return null;
            return new DataHeader([.. fields.EnumerateArray().Select(field => field.GetProperty("name").GetString()!)]);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    // A zigzag integer, with seven bits in each byte.
    private static long Long(Stream stream)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = stream.ReadByte();
            if (next < 0)
                return 0;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                break;
        }

        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private static byte[]? Bytes(Stream stream, long count)
    {
        if (count is < 0 or > MostBytes)
            return null;
        var bytes = new byte[count];
        for (int read = 0, more; read < bytes.Length; read += more)
        {
            if ((more = stream.Read(bytes, read, bytes.Length - read)) == 0)
                return null;
        }

        return bytes;
    }
}
