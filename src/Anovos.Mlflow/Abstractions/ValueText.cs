using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Converts a script's values to text and numbers, independent of the culture.</summary>
internal static class ValueText
{
    /// <summary>Returns the text of a value: culture-invariant for numbers and times, empty for null.</summary>
    public static string Of(object? value) => Unwrap(value) switch
    {
        null => "",
        string text => text,
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("o", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("o", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list => string.Join(" ", list.Cast<object?>().Select(Of)),
        var other => other.ToString() ?? "",
    };

    /// <summary>Returns the number in a value. Text is parsed invariant and without thousands separators, so <c>1,5</c> does not become 15.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the value is not a number.</exception>
    public static double NumberOf(string name, object? value)
    {
        object? raw = Unwrap(value);
        switch (raw)
        {
            case double number:
                return number;
            case bool flag:
                return flag ? 1 : 0;
            case TimeSpan duration:
                return duration.TotalSeconds;
            case string text when TryParse(text.Trim(), out double parsed):
                return parsed;
            case IConvertible convertible when raw is not string and not DateTime and not char:
                return convertible.ToDouble(CultureInfo.InvariantCulture);
            case System.Numerics.BigInteger big:
                return (double)big;
            default:
                throw new MlflowException(ErrorKind.InvalidValue, $"The value '{Of(raw)}' of the metric '{name}' is not a number. Use a decimal point, as in 1.5. For text, use a parameter or a tag.") { Target = name };
        }
    }

    /// <summary>Returns the values of a list; null for a single value, including text, and for a hashtable.</summary>
    public static IEnumerable? ListOf(object? value) => Unwrap(value) switch
    {
        string or IDictionary => null,
        var other => other as IEnumerable,
    };

    private static bool TryParse(string text, out double value)
    {
        switch (text.TrimStart('+').ToUpperInvariant())
        {
            case "INF" or "INFINITY" or "∞":
                value = double.PositiveInfinity;
                return true;
            case "-INF" or "-INFINITY" or "-∞":
                value = double.NegativeInfinity;
                return true;
            case "NAN":
                value = double.NaN;
                return true;
            default:
                bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

                // .NET Framework reads -0.0 as 0.
                if (value == 0 && text.TrimStart().StartsWith("-", StringComparison.Ordinal))
                    value = -0.0;
                return isNumber;
        }
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
