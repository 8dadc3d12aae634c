using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Yaml;

/// <summary>Determines the type of a scalar in YAML 1.1 like PyYAML's SafeLoader, so that it matches what Anovos sees.</summary>
internal static class YamlScalars
{
    private static readonly Regex Integer = new(
        @"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)\z", RegexOptions.CultureInvariant);

    // An exponent needs a dot before it and a sign: to PyYAML, 1e3 and 1.0e3 are text.
    private static readonly Regex Float = new(
        @"^(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+][0-9]+)?|(?::[0-5]?[0-9])+\.[0-9_]*)" +
        @"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z", RegexOptions.CultureInvariant);

    /// <summary>A date, or a date and a time.</summary>
    internal static readonly Regex Timestamp = new(
        @"^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})(?:(?:[Tt]|[ \t]+)(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})" +
        @":(?<second>[0-9]{2})(?:\.(?<fraction>[0-9]*))?" +
        @"(?:[ \t]*(?:(?<utc>Z)|(?<sign>[-+])(?<zoneHour>[0-9]{1,2})(?::(?<zoneMinute>[0-9]{2}))?))?)?\z", RegexOptions.CultureInvariant);

    /// <summary>Returns the scalar for unquoted text without a tag.</summary>
    /// <exception cref="YamlFault">It looks like a number or a date but is not, or PyYAML has no value for it.</exception>
    public static YamlScalar Plain(YamlPosition position, string text)
    {
        if (text is "" or "~" or "null" or "Null" or "NULL")
            return new YamlScalar(position, YamlKind.Null, text, "None");
        if (AsBoolean(text) is { } boolean && IsPlainBoolean(text))
            return new YamlScalar(position, YamlKind.Boolean, text, boolean);
        if (text[0] is not ((>= '0' and <= '9') or '-' or '+' or '.'))
            return new YamlScalar(position, YamlKind.String, text, text);
        if (Float.IsMatch(text))
            return new YamlScalar(position, YamlKind.Float, text, YamlNumbers.Float(position, text));
        if (Integer.IsMatch(text))
            return new YamlScalar(position, YamlKind.Integer, text, YamlNumbers.Integer(position, text));
        if (IsPlainTimestamp(text))
            return Tagged(position, "timestamp", text);
        return new YamlScalar(position, YamlKind.String, text, text);
    }

    /// <summary>Returns the scalar for a text with one of YAML's own tags. The tag is without its prefix.</summary>
    /// <exception cref="YamlFault">The text is not such a value, or the tag is not for a scalar.</exception>
    public static YamlScalar Tagged(YamlPosition position, string tag, string text) => tag switch
    {
        "str" => new YamlScalar(position, YamlKind.String, text, text),
        "null" => new YamlScalar(position, YamlKind.Null, text, "None"),
        "binary" => new YamlScalar(position, YamlKind.Binary, text, text),
        "bool" => new YamlScalar(position, YamlKind.Boolean, text, AsBoolean(text) ?? throw NotA("boolean", position, text)),
        "int" => new YamlScalar(position, YamlKind.Integer, text, YamlNumbers.Integer(position, text)),
        "float" => new YamlScalar(position, YamlKind.Float, text, YamlNumbers.Float(position, text)),
        "timestamp" when IsDate(text) => new YamlScalar(position, YamlKind.Timestamp, text, text),
        "timestamp" => throw NotA("date", position, text),
        _ => throw new YamlFault(position, $"The tag '!!{YamlScalar.Quote(tag)}' is not valid for a single value.", "Remove it."),
    };

    /// <summary>Returns the error for a text that does not match its form or its tag.</summary>
    public static YamlFault NotA(string what, YamlPosition position, string text) =>
        new(position, $"'{YamlScalar.Quote(text)}' is not a valid {what}.", "If it is meant as text, put it in quotes.");

    private static string? AsBoolean(string text)
    {
        // Longer texts are not booleans, and need no lower-case copy.
        if (text.Length > 5)
            return null;
        return text.ToLowerInvariant() switch
        {
            "yes" or "true" or "on" => "True",
            "no" or "false" or "off" => "False",
            _ => null,
        };
    }

    /// <summary>Whether the case is one of the three that PyYAML accepts: lower, upper or capitalized. <c>yEs</c> is text.</summary>
    private static bool IsPlainBoolean(string text)
    {
        string rest = text.Substring(1);
        return rest == rest.ToLowerInvariant() || text == text.ToUpperInvariant();
    }

    /// <summary>Whether the text is a date without a tag. Without a time, it needs two digits for month and day.</summary>
    private static bool IsPlainTimestamp(string text) =>
        Timestamp.Match(text) is { Success: true } match && (match.Groups["hour"].Success || text.Length == "2000-01-01".Length);

    private static bool IsDate(string text)
    {
        Match match = Timestamp.Match(text);
        if (!match.Success)
            return false;

        int Number(string group) =>
            match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;

        return Number("year") > 0 && Number("month") is >= 1 and <= 12
            && Number("day") >= 1 && Number("day") <= DateTime.DaysInMonth(Number("year"), Number("month"))
            && Number("hour") < 24 && Number("minute") < 60 && Number("second") < 60;
    }
}
