using System.Globalization;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Formats byte counts for people. Public because the views call it.</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Formats the count with a unit, such as <c>1.4 MiB</c>; empty for null.</summary>
    public static string Format(long? bytes)
    {
        if (bytes is not { } count)
            return "";
        double value = count;
        int unit = 0;
        for (; value >= 1024 && unit < Units.Length - 1; unit++)
            value /= 1024;
        return value.ToString(unit == 0 || value >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + Units[unit];
    }
}
