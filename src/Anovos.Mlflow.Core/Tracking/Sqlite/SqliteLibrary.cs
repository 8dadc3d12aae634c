using SQLitePCL;

namespace Anovos.Mlflow.Tracking;

/// <summary>Connects Microsoft.Data.Sqlite to the native SQLite that the module carries. It loads on first use.</summary>
internal static class SqliteLibrary
{
    // SQLitePCLRaw has one provider in each process.
    private static readonly Lazy<int> Version = new(() =>
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return raw.sqlite3_libversion_number();
    });

    /// <summary>Makes SQLite ready.</summary>
    public static void Load() => _ = Version.Value;
}
