using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Opens a database. SQLite reads the whole schema each time, which costs as much as a small operation. So operations that belong together
/// can reuse one connection. Safe for several threads.
/// </summary>
internal sealed class SqliteConnections(string path)
{
    private const string InMemory = ":memory:";

    // In the meantime, the file may have been moved and replaced by another one.
    private static readonly TimeSpan LongestIdle = TimeSpan.FromMilliseconds(100);

    private readonly object _gate = new();
    private readonly Stopwatch _idle = new();
    private SqliteConnection? _kept;
    private int _keepers;

    /// <summary>Opens a database in memory.</summary>
    public static SqliteConnection OpenInMemory() => Open(InMemory, SqliteOpenMode.Memory);

    /// <summary>Keeps the connection of an operation open for the next one, until the result is disposed.</summary>
    public IDisposable Keep()
    {
        lock (_gate)
            _keepers++;
        return new Keeper(this);
    }

    /// <summary>Returns a connection to the file. No other operation uses it at the same time.</summary>
    public Lease Take(SqliteOpenMode mode)
    {
        SqliteConnection? kept = TakeKept(out TimeSpan idle);
        if (kept is not null && idle < LongestIdle && File.Exists(path))
            return new Lease(this, kept);
        kept?.Dispose();
        return new Lease(this, Open(path, mode));
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        SqliteLibrary.Load();
        // Negative, because the provider's own wait for a lock cannot be cancelled.
        var settings = new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false, DefaultTimeout = -1 };
        var connection = new SqliteConnection(settings.ConnectionString);
        try
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            // Without cache spills, a transaction meets the locks of others only when it begins and commits. With temp_store in memory,
            // a statement does not write its undo data to a temporary file.
            command.CommandText =
                "PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON; PRAGMA cache_spill = OFF; PRAGMA temp_store = MEMORY";
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private SqliteConnection? TakeKept(out TimeSpan idle)
    {
        lock (_gate)
        {
            idle = _idle.Elapsed;
            SqliteConnection? kept = _kept;
            _kept = null;
            return kept;
        }
    }

    private void Return(SqliteConnection connection)
    {
        lock (_gate)
        {
            // A connection that is still in a transaction has failed and holds a lock.
            if (_keepers > 0 && _kept is null && raw.sqlite3_get_autocommit(connection.Handle) != 0)
            {
                _kept = connection;
                _idle.Restart();
                return;
            }
        }

        connection.Dispose();
    }

    private void EndKeeping()
    {
        lock (_gate)
        {
            if (--_keepers > 0)
                return;
        }

        TakeKept(out _)?.Dispose();
    }

    /// <summary>A connection for one operation.</summary>
    public sealed class Lease(SqliteConnections connections, SqliteConnection connection) : IDisposable
    {
        /// <summary>The connection.</summary>
        public SqliteConnection Connection => connection;

        public void Dispose() => connections.Return(connection);
    }

    private sealed class Keeper(SqliteConnections connections) : IDisposable
    {
        private SqliteConnections? _connections = connections;

        public void Dispose() => Interlocked.Exchange(ref _connections, null)?.EndKeeping();
    }
}
