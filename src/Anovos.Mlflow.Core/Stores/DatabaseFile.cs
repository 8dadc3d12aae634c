using System.Text;

namespace Anovos.Mlflow.Stores;

/// <summary>Distinguishes the path of a SQLite database from the path of a folder.</summary>
internal static class DatabaseFile
{
    // The first bytes of every SQLite file.
    private static readonly byte[] Header = Encoding.ASCII.GetBytes("SQLite format 3\0");

    /// <summary>
    /// Whether the path is that of a database: an existing database, or a name that ends in <c>.db</c>, <c>.sqlite</c> or
    /// <c>.sqlite3</c> and is not that of a folder.
    /// </summary>
    public static bool IsAt(string path) => !Directory.Exists(path)
        && (Path.GetExtension(path).ToLowerInvariant() is ".db" or ".sqlite" or ".sqlite3" || (File.Exists(path) && HasHeader(path)));

    private static bool HasHeader(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var start = new byte[Header.Length];
        return file.Read(start, 0, start.Length) == start.Length && start.SequenceEqual(Header);
    }
}
