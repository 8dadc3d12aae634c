using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Stores;

/// <summary>Interprets a tracking URI without a known scheme: a folder, or a server whose scheme was left out.</summary>
internal static class StoreFolder
{
    private static readonly Regex HostAndPort = new(
        @"^(?:[^/@\s]*@)?(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]+):(?<port>[0-9]{1,5})(?:/.*)?\z",
        RegexOptions.CultureInvariant);

    private static readonly Regex HostName = new(
        @"^(?:localhost|(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z0-9-]+)\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    private static readonly Regex Drive = new(@"^/?[A-Za-z]:", RegexOptions.CultureInvariant);

    private static bool IsWindows => WindowsName.IsWindows;

    /// <summary>Whether the text is <c>host:port</c>, with or without a path.</summary>
    public static bool IsServer(string text) =>
        HostAndPort.Match(text) is { Success: true } match && int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture) is > 0 and < 65536;

    /// <summary>Whether the text is the path of an existing folder.</summary>
    public static bool Exists(string text, string baseDirectory) =>
        text.Length > 0 && Directory.Exists(LocalPath.Join(baseDirectory, text));

    /// <summary>Returns the full path of a path or a <c>file:</c> URI.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> if it looks like something else.</exception>
    public static string Resolve(string text, string baseDirectory)
    {
        string path = LocalUri.ToPath(text);
        bool isUri = LocalUri.SchemeOf(text) == "file";
        string literal = LocalPath.Full(baseDirectory, path, ErrorKind.UriUnsupported);
        if (Directory.Exists(literal))
            return literal;
        if (!IsWindows && Drive.IsMatch(path))
            throw Odd(text, "is a Windows path, but this machine has no drives. Give a path on this machine", Alternative(text));
        if (path is ['~', ..])
            return Path.GetFullPath(InHome(text, path));
        if (!isUri)
            path = ToThisMachine(text, path, baseDirectory);
        return LocalPath.Full(baseDirectory, path, ErrorKind.UriUnsupported);
    }

    // As PowerShell does, but a server's name must not become a folder.
    private static string ToThisMachine(string text, string path, string baseDirectory)
    {
        if (!IsWindows && (path.StartsWith("//", StringComparison.Ordinal) || path.StartsWith(@"\\", StringComparison.Ordinal)))
        {
            throw Odd(text, "begins with two slashes, which means a Windows share, or a server without http:. "
                + $"Write http:{path.Replace('\\', '/')} for a server", $", or /{path.TrimStart('/', '\\')} for a folder");
        }

        string first = path.Split('/', '\\')[0];
        if (HostName.IsMatch(first) && !Directory.Exists(LocalPath.Join(baseDirectory, first)))
            throw Odd(text, $"is not an existing folder. Write https://{text} for a server", Alternative(text));

        // In a full path, a backslash is a character of a name.
        return IsWindows || path.StartsWith("/", StringComparison.Ordinal) ? path : path.Replace('\\', '/');
    }

    private static string InHome(string text, string path)
    {
        if (path.Length > 1 && path[1] is not ('/' or '\\'))
            throw Odd(text, "begins with the home folder of another user, which is not resolved. Give the full path", Alternative(text));
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string below = path.Substring(1).TrimStart('/', '\\');
        return Path.Combine(home, IsWindows ? below : below.Replace('\\', '/'));
    }

    private static string Alternative(string text) => $", or ./{text} for a folder with that name";

    private static MlflowException Odd(string text, string what, string alternative) =>
        new(ErrorKind.UriUnsupported, $"The tracking URI '{text}' {what}{alternative}.") { Target = text };
}
