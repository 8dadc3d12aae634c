using System.Runtime.InteropServices;

namespace Anovos.Mlflow;

/// <summary>The local forms of a tracking URI or artifact root: a path, <c>file:relative</c>, <c>file:///absolute</c>.</summary>
internal static class LocalUri
{
    private const string Scheme = "file:";

    /// <summary>The path that a <c>file:</c> URI or a plain path names; relative stays relative.</summary>
    public static string ToPath(string uri)
    {
        if (!uri.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return uri;

        string path = uri.Substring(Scheme.Length);
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            int slash = path.IndexOf('/', 2);
            string host = path.Substring(2, (slash < 0 ? path.Length : slash) - 2);
            if (host.Length > 0 && host is not ("localhost" or "127.0.0.1"))
                throw new MlflowException(ErrorKind.UriUnsupported, $"{uri} names the host '{host}', and a file: URI can only name this machine. For a folder here write file:///folder or just its path.") { Target = uri };
            path = slash < 0 ? "/" : path.Substring(slash);
        }

        path = Uri.UnescapeDataString(path);

        // file:///C:/x
        bool hasDrive = path.Length > 2 && path[0] == '/' && char.IsLetter(path[1]) && path[2] == ':';
        return hasDrive && RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? path.Substring(1) : path;
    }
}
