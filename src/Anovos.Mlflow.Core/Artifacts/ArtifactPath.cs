namespace Anovos.Mlflow.Artifacts;

/// <summary>Checks and normalizes paths below an artifact root: relative, with slashes, and never outside the root.</summary>
public static class ArtifactPath
{
    /// <summary>Normalizes the path of an artifact to remove.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactPathInvalid"/>, also for the root.</exception>
    public static string OfRemoval(string path) => Normalize(path) is { Length: > 0 } normal
        ? normal
        : throw Invalid(path, "is the artifact root of the run, which cannot be removed as a whole");

    /// <summary>Normalizes a path: no empty or <c>.</c> segments, no slash at either end. An empty path stays empty.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ArtifactPathInvalid"/> if it is absolute, contains <c>..</c>, or contains characters that no store accepts.
    /// </exception>
    public static string Normalize(string path)
    {
        if (path.StartsWith("/", StringComparison.Ordinal))
            throw Invalid(path, "is absolute; give it relative to the run's artifact root");
        if (path.Length > 1 && path[1] == ':' && char.IsLetter(path[0]) && (WindowsName.IsWindows || path.Length == 2 || path[2] == '/'))
            throw Invalid(path, "begins with a drive; give it relative to the run's artifact root");
        if (path.Contains('\\'))
            throw Invalid(path, "contains a backslash; separate folders with '/'");
        if (path.Contains('\0'))
            throw Invalid(path.Replace('\0', ' '), "contains a NUL character");

        if (HasHalfCharacter(path))
            throw Invalid(path, "contains half of a character (an unpaired surrogate), which cannot be written in a URL; rename the file");

        string[] segments = [.. path.Split('/').Where(segment => segment.Length > 0 && segment != ".")];
        if (segments.Contains(".."))
            throw Invalid(path, "leaves the run's artifact root with '..'");
        return string.Join("/", segments);
    }

    /// <summary>Joins two paths, either of which may be empty.</summary>
    public static string Join(string folder, string name) => folder.Length == 0 ? name : name.Length == 0 ? folder : $"{folder}/{name}";

    /// <summary>Percent-encodes each segment for a URL.</summary>
    public static string Escape(string path) => string.Join("/", path.Split('/').Select(Uri.EscapeDataString));

    private static bool HasHalfCharacter(string path)
    {
        for (int i = 0; i < path.Length; i++)
        {
            if (i + 1 < path.Length && char.IsSurrogatePair(path[i], path[i + 1]))
                i++;
            else if (char.IsSurrogate(path[i]))
                return true;
        }

        return false;
    }

    private static MlflowException Invalid(string path, string why) =>
        new(ErrorKind.ArtifactPathInvalid, $"The artifact path '{path}' {why}.") { Target = path };
}
