using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>Checks whether a system allows a key as a file name, in addition to MLflow's rules for keys.</summary>
internal static class FileNames
{
    /// <summary>
    /// Returns why the system does not allow such a file name, which depends only on the kind of system; null if it does.
    /// </summary>
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
