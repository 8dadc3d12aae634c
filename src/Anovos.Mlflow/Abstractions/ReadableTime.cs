using System.Globalization;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Durations and times for people. The views call it, so it is public.</summary>
public static class ReadableTime
{
    /// <summary>The duration with its two largest units, as <c>3m 12s</c>; empty for null.</summary>
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
    /// The local time in at most five characters: the time of today, the day in the last eleven months, and else the year.
    /// </summary>
    public static string Moment(DateTimeOffset time)
    {
        DateTime local = time.LocalDateTime, now = DateTime.Now;
        bool isRecent = local > now.AddMonths(-11) && local < now.AddMonths(1);
        return local.ToString(local.Date == now.Date ? "HH:mm" : isRecent ? "MM-dd" : "yyyy", CultureInfo.InvariantCulture);
    }
}
