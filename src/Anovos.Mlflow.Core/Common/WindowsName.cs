using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>
/// Checks for names that Windows does not allow for a file: https://learn.microsoft.com/windows/win32/fileio/naming-a-file. Every name
/// of a file to create on this machine is checked.
/// </summary>
internal static class WindowsName
{
    // The maximum length of an NTFS name, in UTF-16 code units.
    private const int MaximumLength = 255;

    // With any extension. Windows treats COM¹ as COM1.
    private static readonly Regex Device = new(
        @"^(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])[ .]*(\..*|:.*)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>Whether this system is Windows.</summary>
    public static bool IsWindows { get; } = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

    /// <summary>Why the name is not allowed, as text that follows it in a sentence; null if it is allowed.</summary>
    /// <param name="name">A single name, without a folder.</param>
    public static string? WhyRefused(string name)
    {
        if (name.Any(char.IsControl))
            return "contains a control character";
        if (name.Contains(':'))
            return "contains a colon, which Windows does not allow in a name";
        if (name.IndexOfAny(['<', '>', '"', '|', '?', '*', '/', '\\']) >= 0)
            return "contains a character that Windows does not allow";
        if (name.Length > 0 && name[name.Length - 1] is '.' or ' ')
            return "ends with a period or a space, which Windows drops";
        if (Device.IsMatch(name))
            return "is a device name on Windows";
        return name.Length > MaximumLength ? $"has more than {MaximumLength} characters" : null;
    }
}
