using System.Globalization;
using System.Text.Json;

namespace Anovos.Mlflow.Identity;

/// <summary>Reads the expiry of a token, in the formats of different programs and services.</summary>
internal static class TokenTime
{
    private const long Latest = 253402300799;

    /// <summary>Returns the first field that contains a time: Unix seconds as a number or text, or a date. Null if none does.</summary>
    public static DateTimeOffset? Read(JsonElement token, params string[] names) =>
        names.Select(name => token.TryGetProperty(name, out JsonElement value) ? Read(value) : null)
            .FirstOrDefault(time => time is not null);

    // A date without a time zone is local time.
    private static DateTimeOffset? Read(JsonElement value) =>
        value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number) ? null
        : double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            ? seconds is > 0 and <= Latest ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : null
        : DateTimeOffset.TryParse(value.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset date)
            ? date
        : null;
}
