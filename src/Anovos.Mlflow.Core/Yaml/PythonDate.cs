using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Yaml;

/// <summary>Formats YAML dates as Python prints the values read by SafeLoader.</summary>
internal static class PythonDate
{
    /// <summary>Formats a date like Python's <c>str</c>: <c>2020-01-02 10:11:12.500000+01:00</c>.</summary>
    public static string Str(string text)
    {
        Match match = YamlScalars.Timestamp.Match(text);
        string Part(string group, int digits) => match.Groups[group].Value.PadLeft(digits, '0');

        string date = $"{Part("year", 4)}-{Part("month", 2)}-{Part("day", 2)}";
        if (!match.Groups["hour"].Success)
            return date;
        string fraction = Fraction(match);
        string zone = match.Groups["utc"].Success ? "+00:00"
            : match.Groups["sign"].Success ? $"{match.Groups["sign"].Value}{Part("zoneHour", 2)}:{Part("zoneMinute", 2)}"
            : "";
        return $"{date} {Part("hour", 2)}:{Part("minute", 2)}:{Part("second", 2)}{(fraction == "000000" ? "" : "." + fraction)}{zone}";
    }

    /// <summary>Formats a date like Python's <c>repr</c>: <c>datetime.date(2020, 1, 2)</c>.</summary>
    public static string Repr(string text)
    {
        Match match = YamlScalars.Timestamp.Match(text);
        if (!match.Groups["hour"].Success)
            return $"datetime.date({Number("year")}, {Number("month")}, {Number("day")})";

        int microseconds = int.Parse(Fraction(match), CultureInfo.InvariantCulture);
        string seconds = microseconds > 0 ? $", {Number("second")}, {microseconds}" : Number("second") > 0 ? $", {Number("second")}" : "";
        string day = $"{Number("year")}, {Number("month")}, {Number("day")}";
        return $"datetime.datetime({day}, {Number("hour")}, {Number("minute")}{seconds}{Zone()})";

        int Number(string group) => match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;

        string Zone()
        {
            int offset = (Number("zoneHour") * 60 + Number("zoneMinute")) * 60 * (match.Groups["sign"].Value == "-" ? -1 : 1);
            if (match.Groups["utc"].Success || (match.Groups["sign"].Success && offset == 0))
                return ", tzinfo=datetime.timezone.utc";
            string delta = offset < 0 ? $"days=-1, seconds={offset + 86400}" : $"seconds={offset}";
            return match.Groups["sign"].Success ? $", tzinfo=datetime.timezone(datetime.timedelta({delta}))" : "";
        }
    }

    private static string Fraction(Match match) => match.Groups["fraction"].Value.PadRight(6, '0').Substring(0, 6);
}
