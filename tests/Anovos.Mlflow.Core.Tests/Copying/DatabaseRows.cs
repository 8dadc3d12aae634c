using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>All rows of a database as text. Random ids are replaced by what they stand for.</summary>
internal static class DatabaseRows
{
    public static string[] Read(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        var names = new Dictionary<string, string>();
        foreach (object[] row in Rows(connection, "SELECT dataset_uuid, experiment_id || '/' || name || '/' || digest FROM datasets"))
            names[(string)row[0]] = (string)row[1];
        foreach (object[] row in Rows(connection, "SELECT input_uuid, source_type, source_id, destination_id FROM inputs"))
            names[(string)row[0]] = $"{row[1]} {names.GetValueOrDefault((string)row[2], (string)row[2])} {row[3]}";
        List<string> found = [];
        foreach (object[] table in Rows(connection, "SELECT name FROM sqlite_master WHERE type = 'table'"))
        {
            foreach (object[] row in Rows(connection, $"SELECT * FROM {table[0]}"))
                found.Add($"{table[0]}: {string.Join(" | ", row.Select(Named))}");
        }

        return [.. found.Order(StringComparer.Ordinal)];

        object Named(object value) => value is string text ? names.GetValueOrDefault(text, text) : value;
    }

    private static List<object[]> Rows(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<object[]> rows = [];
        while (reader.Read())
        {
            object[] row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows;
    }
}
