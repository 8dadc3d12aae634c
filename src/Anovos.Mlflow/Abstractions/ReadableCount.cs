using System.Globalization;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Formats counts for people.</summary>
internal static class ReadableCount
{
    /// <summary>Formats a count with its noun, as in <c>1 file</c> or <c>2 files</c>.</summary>
    public static string Format(int count, string noun) => $"{count.ToString(CultureInfo.InvariantCulture)} {noun}{(count == 1 ? "" : "s")}";
}
