using System.Text;

namespace Anovos.Mlflow.Artifacts;

/// <summary>The rules for a name that a server lists, or that is sent to a folder, before it may name a file here.</summary>
internal static class ListedName
{
    /// <summary>Why the name, a single one without a folder, may name no file; null when it may.</summary>
    /// <param name="name">The name.</param>
    /// <param name="windows">Whether the rules of Windows hold.</param>
    /// <param name="allowsControls">Whether control characters are allowed outside of Windows, as for names that the user sent.</param>
    public static string? WhyRefused(string name, bool windows, bool allowsControls = false)
    {
        if (name.Length == 0)
            return "is empty";
        if (name is "." or "..")
            return "leads out of its folder";
        if (name.IndexOfAny(['/', '\\']) >= 0)
            return "is not directly in the folder that was listed";
        if (name.Any(c => c == '\0' || (char.IsControl(c) && (windows || !allowsControls))))
            return "holds a control character";
        if (name.Length == 2 && name[1] == ':' && char.IsLetter(name[0]))
            return "is a drive";
        if (!IsText(name))
            return "is not valid text";
        return windows ? WindowsName.WhyRefused(name) : null;
    }

    /// <summary>The same for all paths that are one file where case and the form of accents make no difference.</summary>
    public static string Folded(string path) => path.Normalize(NormalizationForm.FormC).ToUpperInvariant();

    /// <summary>The text with nothing in it that a terminal would obey.</summary>
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
