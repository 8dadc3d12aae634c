namespace Anovos.Mlflow.Tracking;

/// <summary>Unix milliseconds, as MLflow keeps times.</summary>
internal static class UnixTime
{
    private static readonly long First = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The time that is to be stored.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when it is beyond the year 9999.</exception>
    public static DateTimeOffset Check(long milliseconds) => milliseconds >= First && milliseconds <= Last
        ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
        : throw new MlflowException(ErrorKind.InvalidValue, $"{milliseconds} is not a time in Unix milliseconds.");

    /// <summary>The time that is stored, or the nearest one: others write nanoseconds, or numbers that are not times at all.</summary>
    public static DateTimeOffset Nearest(long milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(First, Math.Min(milliseconds, Last)));
}
