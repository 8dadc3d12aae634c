using System.Globalization;

namespace Anovos.Mlflow;

/// <summary>
/// Numbers as text, on .NET Framework as on .NET. There <c>-0.0</c> is 0, what is too large is refused in place of infinity, and the
/// round-trip format writes more digits than a number needs, or misses it by a bit.
/// </summary>
internal static class Floats
{
    /// <summary>Reads a number; false if the text is none.</summary>
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

    /// <summary>The shortest text that reads back as the same number.</summary>
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

    /// <summary>The number that was read from a text, with the sign of its zero.</summary>
    public static double Restore(double value, string text) =>
        value == 0 && text.TrimStart().StartsWith("-", StringComparison.Ordinal) ? -0.0 : value;

    /// <summary>Whether the number is a negative zero.</summary>
    public static bool IsNegativeZero(double value) => value == 0 && BitConverter.DoubleToInt64Bits(value) < 0;
}
