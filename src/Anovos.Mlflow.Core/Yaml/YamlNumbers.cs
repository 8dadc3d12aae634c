using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Yaml;

/// <summary>Normalizes numbers: resolves bases, underscores and base 60 (<c>12:30</c>).</summary>
internal static class YamlNumbers
{
    // Python has the same limit for decimals. The time to read a number grows with the square of its length.
    private const int LongestNumber = 4300;

    private static readonly Regex DecimalForm = new(@"^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?\z", RegexOptions.CultureInvariant);

    /// <summary>Returns a whole number in decimal digits.</summary>
    /// <exception cref="YamlFault">The text is not a whole number.</exception>
    public static string Integer(YamlPosition position, string text)
    {
        string digits = Digits(position, text, out bool negative);
        BigInteger? number = digits switch
        {
            ['0', 'b', .. var rest] => Read(rest, radix: 2),
            ['0', 'x', .. var rest] => Read(rest, radix: 16),
            ['0', .., _] => Read(digits, radix: 8),
            _ => Sexagesimal(digits),
        };
        if (number is not { } value)
            throw YamlScalars.NotA("whole number", position, text);
        return (negative ? -value : value).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Returns a number in the shortest form that reads back as the same number.</summary>
    /// <exception cref="YamlFault">The text is not a number.</exception>
    public static string Float(YamlPosition position, string text)
    {
        string digits = Digits(position, text, out bool negative).ToLowerInvariant();
        double value = 0;
        if (digits is ".inf" or "inf" or "infinity")
            value = double.PositiveInfinity;
        else if (digits is ".nan" or "nan")
            value = double.NaN;
        else
        {
            foreach (string part in digits.Split(':'))
                value = value * 60 + (Decimal(part) ?? throw YamlScalars.NotA("number", position, text));
        }

        return Floats.Shortest(negative ? -value : value);
    }

    private static string Digits(YamlPosition position, string text, out bool negative)
    {
        if (text.Length > LongestNumber)
        {
            throw new YamlFault(position, $"A number has {text.Length} characters, but at most {LongestNumber} are allowed.",
                "If it is meant as text, put it in quotes.");
        }

        string digits = text.Replace("_", "");
        negative = digits.StartsWith("-", StringComparison.Ordinal);
        return negative || digits.StartsWith("+", StringComparison.Ordinal) ? digits.Substring(1) : digits;
    }

    private static BigInteger? Sexagesimal(string digits)
    {
        BigInteger? number = 0;
        foreach (string part in digits.Split(':'))
            number = number * 60 + Read(part, radix: 10);
        return number;
    }

    private static BigInteger? Read(string digits, int radix)
    {
        BigInteger? number = digits.Length == 0 ? null : 0;
        foreach (char c in digits)
        {
            int digit = c switch
            {
                >= '0' and <= '9' => c - '0',
                >= 'a' and <= 'f' => c - 'a' + 10,
                >= 'A' and <= 'F' => c - 'A' + 10,
                _ => radix,
            };
            number = digit < radix ? number * radix + digit : null;
        }

        return number;
    }

    private static double? Decimal(string part)
    {
        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return DecimalForm.IsMatch(part) && Floats.TryRead(part, Style, out double value) ? value : null;
    }
}
