using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// A prepared statement. A <see cref="SqliteCommand"/> looks up names and types at each run, and a <c>SqliteDataReader</c> at each value.
/// With hundreds of rows, this costs as much as SQLite itself.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;

    public SqliteStatement(sqlite3 connection, string sql)
    {
        _connection = connection;
        Check(raw.sqlite3_prepare_v2(connection, sql, out _statement));
    }

    /// <summary>Binds a parameter. It keeps its value for all runs until it is bound again.</summary>
    public void Bind(int index, string value) => Check(value.IndexOf('\0') >= 0
        ? raw.sqlite3_bind_text(_statement, index, Encoding.UTF8.GetBytes(value).AsSpan())
        : raw.sqlite3_bind_text(_statement, index, value));

    /// <inheritdoc cref="Bind(int, string)"/>
    public void Bind(int index, long value) => Check(raw.sqlite3_bind_int64(_statement, index, value));

    /// <inheritdoc cref="Bind(int, string)"/>
    public void Bind(int index, double value) => Check(raw.sqlite3_bind_double(_statement, index, value));

    /// <summary>Runs the statement and returns the number of rows that it changed.</summary>
    /// <exception cref="SqliteException">SQLite refuses the statement.</exception>
    public int Run()
    {
        int result = raw.sqlite3_step(_statement);
        if (result != raw.SQLITE_DONE)
            SqliteException.ThrowExceptionForRC(result, _connection);
        Check(raw.sqlite3_reset(_statement));
        return raw.sqlite3_changes(_connection);
    }

    /// <summary>Moves to the next row; returns false after the last.</summary>
    /// <exception cref="SqliteException">SQLite refuses the statement.</exception>
    public bool Read()
    {
        int result = raw.sqlite3_step(_statement);
        if (result is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
            SqliteException.ThrowExceptionForRC(result, _connection);
        return result == raw.SQLITE_ROW;
    }

    /// <summary>Returns the value of a column, counted from 0.</summary>
    public long Integer(int column) => raw.sqlite3_column_int64(_statement, column);

    /// <inheritdoc cref="Integer"/>
    public double Number(int column) => raw.sqlite3_column_double(_statement, column);

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(result, _connection);
    }
}
