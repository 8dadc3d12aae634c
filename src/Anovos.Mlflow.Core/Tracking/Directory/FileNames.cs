using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>What a system allows as a file's name, beyond what MLflow allows as a key.</summary>
internal static class FileNames
{
    private static readonly Regex WindowsDevice = new(
        @"^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\z)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>Why no file can be named like that, which only the kind of system decides; null when one can.</summary>
    public static string? WhyInvalid(string key, bool onWindows)
    {
        foreach (string segment in key.Split('/'))
        {
            if (segment.StartsWith(".", StringComparison.Ordinal))
                return "a part of it begins with a period, and hidden files are ignored";
            if (!onWindows && Encoding.UTF8.GetByteCount(segment) > 255)
                return "a part of it has more than 255 bytes, the most that a file name may have";
            if (onWindows && segment.Contains(":"))
                return "a file name on Windows cannot hold a colon";
            if (onWindows && (segment.EndsWith(".", StringComparison.Ordinal) || segment.EndsWith(" ", StringComparison.Ordinal)))
                return "a file name on Windows cannot end with a period or a space";
            if (onWindows && WindowsDevice.IsMatch(segment))
                return $"'{segment}' is the name of a device on Windows";
        }

        return null;
    }
}
