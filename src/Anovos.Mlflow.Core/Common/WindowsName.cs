using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>
/// The names that a file on Windows cannot have: https://learn.microsoft.com/windows/win32/fileio/naming-a-file. Everything that
/// becomes a file's name on this machine is checked with it.
/// </summary>
internal static class WindowsName
{
    // The longest name of NTFS, in UTF-16 units.
    private const int MaximumLength = 255;

    // With any extension; COM¹ is COM1 to Windows.
    private static readonly Regex Device = new(
        @"^(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])[ .]*(\..*|:.*)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>Whether this system is Windows.</summary>
    public static bool IsWindows { get; } = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

    /// <summary>Why no file can have the name, as words that follow it; null if one can.</summary>
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
