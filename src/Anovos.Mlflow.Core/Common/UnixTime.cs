using System.Globalization;

namespace Anovos.Mlflow;

/// <summary>Reads times given as numbers or text, as in scripts, CSV files and MLflow's APIs.</summary>
public static class UnixTime
{
    // In seconds, this is the year 5138; in milliseconds, 1973.
    private const double FirstMilliseconds = 1e11;
    private const int FirstYear = 1970, LastYear = 2200;

    /// <summary>Parses a number; null if the text is not a number. It may still be a date.</summary>
    public static double? NumberIn(string text) =>
        Floats.TryRead(text.Trim(), NumberStyles.Float, out double number) ? number : null;

    /// <summary>Converts a number to a time: Unix seconds below 1e11, Unix milliseconds from 1e11 on.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a time before 1970 or after 2200.</exception>
    public static DateTimeOffset FromNumber(double number)
    {
        double milliseconds = number < FirstMilliseconds ? Math.Round(number * 1000) : number;
        string text = Floats.Shortest(number);
        return milliseconds is >= 0 and < 1e13
            ? Check(DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds), text)
            : throw Refused(text);
    }

    /// <summary>Checks a time and returns it.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a time before 1970 or after 2200.</exception>
    public static DateTimeOffset Check(DateTime time) =>
        // Within these years, applying a time zone's offset cannot exceed the range of the type.
        time.Year is >= FirstYear - 1 and <= LastYear + 1
            ? Check(new DateTimeOffset(time), Text(time))
            : throw Refused(Text(time));

    private static DateTimeOffset Check(DateTimeOffset time, string text) =>
        time.UtcDateTime.Year is >= FirstYear and <= LastYear ? time : throw Refused(text);

    private static string Text(DateTime time) => time.ToString("o", CultureInfo.InvariantCulture);

    private static MlflowException Refused(string text) => new(
        ErrorKind.InvalidValue,
        $"The time '{text}' is not between the years {FirstYear} and {LastYear}. "
        + "Give a date, Unix seconds such as 1700000000, or Unix milliseconds such as 1700000000000.")
    { Target = text };
}
