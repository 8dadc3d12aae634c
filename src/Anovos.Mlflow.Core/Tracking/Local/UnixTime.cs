namespace Anovos.Mlflow.Tracking;

/// <summary>Converts Unix milliseconds, in which MLflow keeps times.</summary>
internal static class UnixTime
{
    private static readonly long First = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Converts a time that will be stored.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if it is before the year 1 or after the year 9999.
    /// </exception>
    public static DateTimeOffset Check(long milliseconds) => milliseconds >= First && milliseconds <= Last
        ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
        : throw new MlflowException(ErrorKind.InvalidValue, $"{milliseconds} is not a time in Unix milliseconds.");

    /// <summary>
    /// Converts a stored time to the nearest valid one: other programs write nanoseconds, or numbers that are not times at all.
    /// </summary>
    public static DateTimeOffset Nearest(long milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(First, Math.Min(milliseconds, Last)));
}
