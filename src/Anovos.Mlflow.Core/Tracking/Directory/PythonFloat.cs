using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads and writes numbers as Python prints floats (<c>1.0</c>, <c>1e-07</c>, <c>nan</c>, <c>-inf</c>), as in metric files.
/// </summary>
internal static class PythonFloat
{
    private static readonly Regex Form = new(
        @"^[-+]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\z",
        RegexOptions.CultureInvariant);

    /// <summary>Returns the shortest text that reads back as the same number.</summary>
    public static string Write(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        if (value == 0)
            return Floats.IsNegativeZero(value) ? "-0.0" : "0.0";

        string shortest = Floats.Shortest(value);

        // Python and .NET agree on most numbers.
        if (Math.Abs(value) >= 0.0001 && shortest.Contains('.') && !shortest.Contains('E'))
            return shortest;
        return Arrange(shortest);
    }

    /// <summary>Reads such a number; returns false if the text is not one.</summary>
    public static bool TryRead(string text, out double value)
    {
        bool negative = text.StartsWith("-", StringComparison.Ordinal);
        string unsigned = negative || text.StartsWith("+", StringComparison.Ordinal) ? text.Substring(1) : text;
        double? special = unsigned.ToLowerInvariant() switch
        {
            "nan" => double.NaN,
            "inf" or "infinity" => double.PositiveInfinity,
            _ => null,
        };
        value = special is { } found ? negative ? -found : found : 0;
        if (special is not null)
            return true;
        return Form.IsMatch(text) && Floats.TryRead(text.Replace("_", ""), NumberStyles.Float, out value);
    }

    // .NET and Python find the same digits, but use exponents in different cases and formats.
    private static string Arrange(string shortest)
    {
        string sign = shortest[0] == '-' ? "-" : "";
        string[] parts = shortest.TrimStart('-').Split('E');
        int exponent = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        int point = parts[0].IndexOf('.');
        int whole = point < 0 ? parts[0].Length : point;

        string digits = parts[0].Replace(".", "");
        string significant = digits.TrimStart('0');
        // The number is 0.<significant> × 10^scale.
        int scale = whole + exponent - (digits.Length - significant.Length);
        significant = significant.TrimEnd('0');

        if (scale is > 16 or <= -4)
        {
            int power = scale - 1;
            string fraction = significant.Length > 1 ? "." + significant.Substring(1) : "";
            return $"{sign}{significant[0]}{fraction}e{(power < 0 ? '-' : '+')}{Math.Abs(power).ToString("00", CultureInfo.InvariantCulture)}";
        }

        if (scale <= 0)
            return $"{sign}0.{new string('0', -scale)}{significant}";
        return significant.Length <= scale
            ? $"{sign}{significant.PadRight(scale, '0')}.0"
            : $"{sign}{significant.Substring(0, scale)}.{significant.Substring(scale)}";
    }
}
