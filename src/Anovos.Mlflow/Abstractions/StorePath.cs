using System.Management.Automation;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Resolves a location that exists only in this session, such as <c>Data:\mlruns</c>, to a file system path.</summary>
internal static class StorePath
{
    private const string Database = "sqlite:///";

    /// <summary>Parses a tracking URI from the user; without one, chooses the default store.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/></exception>
    public static TrackingTarget Parse(SessionState session, string? uri)
    {
        string folder = session.Path.CurrentFileSystemLocation.ProviderPath;
        return uri is null ? DefaultStore.In(folder) : TrackingTarget.Parse(Of(session, uri), folder);
    }

    /// <summary>Returns the path if the text begins with a PowerShell drive or provider; otherwise the text.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> for a drive that is not a file system drive.</exception>
    public static string Of(SessionState session, string text)
    {
        string path = text.Trim();
        if (path.StartsWith(Database, StringComparison.OrdinalIgnoreCase))
            return Database + Of(session, path.Substring(Database.Length));
        int colon = path.IndexOf(':');
        if (colon < 1 || string.CompareOrdinal(path, colon, "://", 0, 3) == 0)
            return text;
        bool namesProvider = string.CompareOrdinal(path, colon, "::", 0, 2) == 0;
        string name = path.Substring(0, colon);
        PSDriveInfo? drive = session.Drive.GetAll().FirstOrDefault(drive => drive.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

        // Env: is a drive, but env:5000 is a server.
        if (!namesProvider && (drive is null || (drive.Provider.Name != "FileSystem" && path.Skip(colon + 1).FirstOrDefault() is >= '0' and <= '9')))
            return text;
        try
        {
            string full = session.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
            return provider.Name == "FileSystem" ? full : throw NoFolder(path, $"the provider {provider.Name}");
        }
        catch (Exception e) when (e is SessionStateException or ProviderInvocationException or NotSupportedException)
        {
            throw NoFolder(path, "PowerShell", e);
        }
    }

    private static MlflowException NoFolder(string path, string provider, Exception? inner = null) => new(
        ErrorKind.UriUnsupported,
        $"'{path}' is a location of {provider}, not a file system folder. Specify a folder or the address of a server.",
        inner)
    { Target = path };
}
