using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Yaml;

/// <summary>Tells what a scalar is by YAML 1.1 as PyYAML's SafeLoader has it: what Anovos sees is what counts.</summary>
internal static class YamlScalars
{
    private static readonly Regex Integer = new(
        @"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)\z", RegexOptions.CultureInvariant);

    // An exponent counts only after a dot and with a sign: PyYAML leaves 1e3 and 1.0e3 text.
    private static readonly Regex Float = new(
        @"^(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+][0-9]+)?|(?::[0-5]?[0-9])+\.[0-9_]*)" +
        @"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z", RegexOptions.CultureInvariant);

    /// <summary>A date, or a date and a time.</summary>
    internal static readonly Regex Timestamp = new(
        @"^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})(?:(?:[Tt]|[ \t]+)(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})" +
        @":(?<second>[0-9]{2})(?:\.(?<fraction>[0-9]*))?" +
        @"(?:[ \t]*(?:(?<utc>Z)|(?<sign>[-+])(?<zoneHour>[0-9]{1,2})(?::(?<zoneMinute>[0-9]{2}))?))?)?\z", RegexOptions.CultureInvariant);

    /// <summary>The scalar that an unquoted text without a tag is.</summary>
    /// <exception cref="YamlFault">It looks like a number or a date and is none, or PyYAML has no value for it.</exception>
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

    /// <summary>The scalar that a text with one of YAML's own tags is; the tag without its prefix.</summary>
    /// <exception cref="YamlFault">The text is no such value, or the tag is none of a scalar.</exception>
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
        _ => throw new YamlFault(position, $"The tag '!!{YamlScalar.Quote(tag)}' does not go with a single value.", "Remove it."),
    };

    /// <summary>The fault that a text is not what its form or its tag says.</summary>
    public static YamlFault NotA(string what, YamlPosition position, string text) =>
        new(position, $"'{YamlScalar.Quote(text)}' is not a {what} that exists.", "If it is meant as text, put it in quotes.");

    private static string? AsBoolean(string text)
    {
        // Longer texts are none, and need no copy in lower case.
        if (text.Length > 5)
            return null;
        return text.ToLowerInvariant() switch
        {
            "yes" or "true" or "on" => "True",
            "no" or "false" or "off" => "False",
            _ => null,
        };
    }

    /// <summary>Lower case, upper case or a capital: PyYAML takes three spellings, <c>yEs</c> is text.</summary>
    private static bool IsPlainBoolean(string text)
    {
        string rest = text.Substring(1);
        return rest == rest.ToLowerInvariant() || text == text.ToUpperInvariant();
    }

    /// <summary>Without a time, an untagged date needs two digits for month and day.</summary>
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
