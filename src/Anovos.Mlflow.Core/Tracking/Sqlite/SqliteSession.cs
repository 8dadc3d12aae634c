using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>One transaction in a database. Values reach SQL as parameters only.</summary>
internal sealed class SqliteSession(SqliteConnection connection, SqliteSchema schema, CancellationToken cancellationToken)
{
    /// <summary>The tables and columns that the database has in this transaction.</summary>
    public SqliteSchema Schema => schema;

    /// <summary>Cancels the operation that the transaction is for.</summary>
    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Returns what <paramref name="read"/> makes of each row.</summary>
    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Prepare(sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>Calls <paramref name="read"/> for each row.</summary>
    public void Read(string sql, Action<SqliteDataReader> read, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Prepare(sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            read(reader);
    }

    /// <summary>Returns what <paramref name="read"/> makes of the first row; the default where there is none.</summary>
    public T? First<T>(string sql, Func<SqliteDataReader, T> read, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Prepare(sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? read(reader) : default;
    }

    /// <summary>Runs a statement and returns the number of rows that it changed.</summary>
    public int Execute(string sql, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Prepare(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>Defines a function that statements of this transaction can call.</summary>
    public void CreateFunction<T1, T2, T3, TResult>(string name, Func<T1, T2, T3, TResult> function) =>
        connection.CreateFunction(name, function, isDeterministic: true);

    /// <summary>Makes a statement that runs very often, without what a command costs each time. The caller disposes of it.</summary>
    public SqliteStatement PrepareStatement(string sql) => new(connection.Handle!, sql);

    /// <summary>Makes a statement that can run several times. The caller disposes of it.</summary>
    public SqliteCommand Prepare(string sql, params (string Name, object? Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
            command.Parameters.AddWithValue(name, value is string text ? SqliteValues.Bindable(text) : value ?? DBNull.Value);
        return command;
    }
}
