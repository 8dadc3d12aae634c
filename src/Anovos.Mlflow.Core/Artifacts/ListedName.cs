using System.Text;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Checks a name that a server lists, or that is sent to a folder, before a local file gets this name.</summary>
internal static class ListedName
{
    /// <summary>Returns why a name without a folder must not be that of a local file; null if it may.</summary>
    /// <param name="name">The name.</param>
    /// <param name="windows">Whether the rules of Windows apply.</param>
    /// <param name="allowsControls">Whether control characters are allowed outside of Windows, as for names that the user sent.</param>
    public static string? WhyRefused(string name, bool windows, bool allowsControls = false)
    {
        if (name.Length == 0)
            return "is empty";
        if (name is "." or "..")
            return "leads outside its folder";
        if (name.IndexOfAny(['/', '\\']) >= 0)
            return "is not directly in the listed folder";
        if (name.Any(c => c == '\0' || (char.IsControl(c) && (windows || !allowsControls))))
            return "contains a control character";
        if (name.Length == 2 && name[1] == ':' && char.IsLetter(name[0]))
            return "is a drive";
        if (!IsText(name))
            return "is not valid text";
        return windows ? WindowsName.WhyRefused(name) : null;
    }

    /// <summary>Returns the same text for all paths that are one file on a system that ignores case and the form of accents.</summary>
    public static string Folded(string path) => path.Normalize(NormalizationForm.FormC).ToUpperInvariant();

    /// <summary>Returns the text with control characters replaced, so that it is safe for a terminal.</summary>
    public static string ToShow(string text) => new([.. text.Select(character => char.IsControl(character) ? '\uFFFD' : character)]);

    private static bool IsText(string name)
    {
        try
        {
            name.Normalize();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
