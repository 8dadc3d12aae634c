using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>A transaction in a database. Values are passed to SQL only as parameters.</summary>
internal sealed class SqliteSession(SqliteConnection connection, SqliteSchema schema, CancellationToken cancellationToken)
{
    /// <summary>The tables and columns of the database in this transaction.</summary>
    public SqliteSchema Schema => schema;

    /// <summary>Cancels the operation that the transaction belongs to.</summary>
    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Runs a query and returns the result of <paramref name="read"/> for each row.</summary>
    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Prepare(sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>Runs a query and calls <paramref name="read"/> for each row.</summary>
    public void Read(string sql, Action<SqliteDataReader> read, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Prepare(sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            read(reader);
    }

    /// <summary>Runs a query and returns the result of <paramref name="read"/> for the first row; the default if there is none.</summary>
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

    /// <summary>Creates a statement that runs very often, without the overhead of a command. The caller disposes it.</summary>
    public SqliteStatement PrepareStatement(string sql) => new(connection.Handle!, sql);

    /// <summary>Creates a command that can run several times. The caller disposes it.</summary>
    public SqliteCommand Prepare(string sql, params (string Name, object? Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
            command.Parameters.AddWithValue(name, value is string text ? SqliteValues.Bindable(text) : value ?? DBNull.Value);
        return command;
    }
}
