using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>What a system allows as a file's name, beyond what MLflow allows as a key.</summary>
internal static class FileNames
{
    /// <summary>Why no file can be named like that, which only the kind of system decides; null when one can.</summary>
    public static string? WhyInvalid(string key, bool onWindows)
    {
        foreach (string segment in key.Split('/'))
        {
            if (segment.StartsWith(".", StringComparison.Ordinal))
                return "a part of it begins with a period, and hidden files are ignored";
            if (!onWindows && Encoding.UTF8.GetByteCount(segment) > 255)
                return "a part of it has more than 255 bytes, the maximum for a file name";
            if (onWindows && WindowsName.WhyRefused(segment) is { } why)
                return $"'{segment}' {why}";
        }

        return null;
    }
}
