using System.Globalization;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Formats durations and times for people. Public because the views call it.</summary>
public static class ReadableTime
{
    /// <summary>Formats the duration with its two largest units, such as <c>3m 12s</c>; empty for null.</summary>
    public static string Format(TimeSpan? duration)
    {
        if (duration is not { } time)
            return "";
        if (time.TotalSeconds < 1)
            return $"{time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)}ms";
        if (time.TotalMinutes < 1)
            return $"{time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)}s";
        if (time.TotalHours < 1)
            return $"{time.Minutes}m {time.Seconds}s";
        return time.TotalDays < 1 ? $"{time.Hours}h {time.Minutes}m" : $"{(int)time.TotalDays}d {time.Hours}h";
    }

    /// <summary>
    /// Formats the local time in at most five characters: the time if it is today, the day in the last eleven months, else the year.
    /// </summary>
    public static string Moment(DateTimeOffset time)
    {
        DateTime local = time.LocalDateTime, now = DateTime.Now;
        bool isRecent = local > now.AddMonths(-11) && local < now.AddMonths(1);
        return local.ToString(local.Date == now.Date ? "HH:mm" : isRecent ? "MM-dd" : "yyyy", CultureInfo.InvariantCulture);
    }
}
