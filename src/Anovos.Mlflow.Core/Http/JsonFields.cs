using System.Globalization;
using System.Text.Json;

namespace Anovos.Mlflow.Http;

/// <summary>
/// Reads the fields of a server's response. A missing or null field has proto3's default. A field of an unexpected type causes a
/// <see cref="FormatException"/> that names it, because such a response is not from an MLflow server.
/// </summary>
internal static class JsonFields
{
    /// <summary>Reads a response of <paramref name="server"/> with <paramref name="read"/>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotAnMlflowServer"/> if the response has another structure.</exception>
    public static T Read<T>(JsonElement response, string server, Func<JsonElement, T> read)
    {
        try
        {
            return read(response);
        }
        // InvalidOperationException: a string or field name contains half a surrogate pair.
        catch (Exception failure) when (failure is FormatException or InvalidOperationException)
        {
            throw new MlflowException(ErrorKind.NotAnMlflowServer,
                $"{server} responded, but not like an MLflow server: {failure.Message.TrimEnd('.')}. "
                + "Check the tracking URI, and anything between this machine and the server.", failure)
            { Target = server };
        }
    }

    /// <summary>Returns the object in a field, which must exist.</summary>
    public static JsonElement Part(this JsonElement json, string name) =>
        json.OptionalPart(name) ?? throw new FormatException($"the field '{name}' is missing");

    /// <summary>Returns the object in a field; null if there is none.</summary>
    public static JsonElement? OptionalPart(this JsonElement json, string name) => json.Field(name, JsonValueKind.Object);

    /// <summary>Returns the text in a field, which must exist and not be empty.</summary>
    public static string Id(this JsonElement json, string name) =>
        json.Text(name) is { Length: > 0 } id ? id : throw new FormatException($"the field '{name}' is missing");

    /// <summary>Returns the text in a field.</summary>
    public static string Text(this JsonElement json, string name) => json.Field(name, JsonValueKind.String)?.GetString() ?? "";

    /// <summary>Returns the boolean in a field.</summary>
    public static bool Flag(this JsonElement json, string name) => json.Field(name, JsonValueKind.True, JsonValueKind.False)?.GetBoolean() ?? false;

    /// <summary>Returns the items of the array in a field.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) =>
        json.Field(name, JsonValueKind.Array) is { } items ? items.EnumerateArray() : [];

    /// <summary>Returns the strings of the array in a field.</summary>
    public static IEnumerable<string> Texts(this JsonElement json, string name) =>
        json.Items(name).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw new FormatException($"the field '{name}' has a value that is not text"));

    /// <summary>Returns the number in a field, in any of protobuf's forms.</summary>
    public static double Number(this JsonElement json, string name) => json.Field(name, JsonValueKind.Number, JsonValueKind.String) switch
    {
        null => 0,
        { ValueKind: JsonValueKind.Number } number when number.TryGetDouble(out double value) =>
            value == 0 ? Floats.Restore(value, number.GetRawText()) : value,
        { ValueKind: JsonValueKind.String } text => text.GetString() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            var digits when Floats.TryRead(digits!, NumberStyles.Float, out double value) => value,
            _ => throw new FormatException($"the field '{name}' is not a number"),
        },
        _ => throw new FormatException($"the field '{name}' is not a number"),
    };

    /// <summary>Returns the whole number in a field; protobuf's JSON writes an int64 as a string, MLflow as a number.</summary>
    public static long Whole(this JsonElement json, string name) => json.Field(name, JsonValueKind.Number, JsonValueKind.String) switch
    {
        null => 0,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out long value) => value,
        { ValueKind: JsonValueKind.String } text
            when long.TryParse(text.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) => value,
        _ => throw new FormatException($"the field '{name}' is not a whole number"),
    };

    /// <summary>Returns the time, in Unix milliseconds, in a field; null if there is none.</summary>
    public static DateTimeOffset? Time(this JsonElement json, string name)
    {
        long milliseconds = json.Whole(name);
        try
        {
            return milliseconds == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new FormatException($"the field '{name}' is not a time", failure);
        }
    }

    private static JsonElement? Field(this JsonElement json, string name, JsonValueKind kind, JsonValueKind? orKind = null)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new FormatException($"expected an object with the field '{name}'");
        if (!json.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == kind || value.ValueKind == orKind
            ? value
            : throw new FormatException($"the field '{name}' has an unexpected type");
    }
}
