using System.Globalization;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Counts for people.</summary>
internal static class ReadableCount
{
    /// <summary>How many of a thing there are, as <c>1 file</c> or <c>2 files</c>.</summary>
    public static string Format(int count, string noun) => $"{count.ToString(CultureInfo.InvariantCulture)} {noun}{(count == 1 ? "" : "s")}";
}
