using System.Globalization;

namespace Anovos.Mlflow;

/// <summary>
/// Parses and formats numbers on .NET Framework as .NET does. There, <c>-0.0</c> parses as 0, a number that is too large is rejected
/// instead of becoming infinity, and the round-trip format writes more digits than needed, or is off by one bit.
/// </summary>
internal static class Floats
{
    /// <summary>Parses a number; false if the text is not a number.</summary>
    public static bool TryRead(string text, NumberStyles style, out double value)
    {
#if NET
        return double.TryParse(text, style, CultureInfo.InvariantCulture, out value);
#else
        try
        {
            value = Restore(double.Parse(text, style, CultureInfo.InvariantCulture), text);
            return true;
        }
        catch (OverflowException)
        {
            value = text.TrimStart().StartsWith("-", StringComparison.Ordinal) ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        catch (FormatException)
        {
            value = 0;
            return false;
        }
#endif
    }

    /// <summary>Returns the shortest text that parses to the same number.</summary>
    public static string Shortest(double value)
    {
#if NET
        return value.ToString("R", CultureInfo.InvariantCulture);
#else
        const double SmallestNormal = 2.2250738585072014E-308;
        if (IsNegativeZero(value))
            return "-0";
        for (int digits = Math.Abs(value) < SmallestNormal ? 1 : 15; digits < 17; digits++)
        {
            string text = value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (TryRead(text, NumberStyles.Float, out double read) && read == value)
                return text;
        }

        return value.ToString("G17", CultureInfo.InvariantCulture);
#endif
    }

    /// <summary>Returns a number that was parsed from a text, with the sign of a zero restored.</summary>
    public static double Restore(double value, string text) =>
        value == 0 && text.TrimStart().StartsWith("-", StringComparison.Ordinal) ? -0.0 : value;

    /// <summary>Whether the number is a negative zero.</summary>
    public static bool IsNegativeZero(double value) => value == 0 && BitConverter.DoubleToInt64Bits(value) < 0;
}
