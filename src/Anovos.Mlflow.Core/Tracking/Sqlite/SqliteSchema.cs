using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Knows the tables and columns of a database. They differ between versions of MLflow, and a newer version may upgrade the file between two
/// commands. So columns are looked up rather than derived from a version.
/// </summary>
internal sealed class SqliteSchema
{
    private const string DefaultWorkspace = "default";

    // The tables of MLflow 2.13 and later. Older versions lack the datasets, for example.
    private const string Required = """
        alembic_version version_num
        experiments experiment_id name artifact_location lifecycle_stage creation_time last_update_time
        experiment_tags key value experiment_id
        runs run_uuid name source_type source_name entry_point_name user_id status start_time end_time source_version lifecycle_stage
        runs artifact_uri experiment_id deleted_time
        params key value run_uuid
        tags key value run_uuid
        metrics key value timestamp run_uuid step is_nan
        latest_metrics key value timestamp step is_nan run_uuid
        datasets dataset_uuid experiment_id name digest dataset_source_type dataset_source dataset_schema dataset_profile
        inputs input_uuid source_type source_id destination_type destination_id
        input_tags input_uuid name value
        registered_models name creation_time last_updated_time description
        registered_model_tags key value name
        registered_model_aliases alias version name
        model_versions name version creation_time last_updated_time description user_id current_stage source run_id status
        model_versions status_message run_link storage_location
        model_version_tags key value name version
        """;

    /// <summary>The maximum length of a tag's value in the registry of MLflow 2.</summary>
    public const int OldRegistryTagValueLength = 5000;

    private readonly HashSet<string> _columns = new(StringComparer.Ordinal);

    private SqliteSchema(long number) => Number = number;

    /// <summary>SQLite's <c>schema_version</c>, which changes whenever a table changes.</summary>
    public long Number { get; }

    /// <summary>Whether the database has no tables, for example because it was just created.</summary>
    public bool IsEmpty => _columns.Count == 0;

    /// <summary>Whether experiments and models belong to a workspace (MLflow 3.10 and later).</summary>
    public bool HasWorkspaces => Has("experiments", "workspace");

    /// <summary>Whether logged models, and links from runs to them, are supported (MLflow 3.0 and later).</summary>
    public bool HasLoggedModels => Has("logged_models") && Has("inputs", "step");

    /// <summary>The maximum length of a tag's value in the registry. MLflow 3 allows longer values.</summary>
    public int RegistryTagValueLength => Has("logged_models") ? 100_000 : OldRegistryTagValueLength;

    /// <summary>Whether the table exists and, if a column is given, has that column.</summary>
    public bool Has(string table, string? column = null) => _columns.Contains(column is null ? table : $"{table}.{column}");

    /// <summary>
    /// Returns the condition that limits a table to the default workspace, starting with <c>AND</c>; empty without workspaces.
    /// </summary>
    /// <param name="alias">The name of the table in the query.</param>
    public string AndInWorkspace(string alias) => HasWorkspaces ? $" AND {alias}.workspace = '{DefaultWorkspace}'" : "";

    /// <summary>The first column in the keys of the registry's tables, followed by a comma; empty without workspaces.</summary>
    public string WorkspaceKey => HasWorkspaces ? "workspace, " : "";

    /// <summary>Reads the tables and columns.</summary>
    public static SqliteSchema Read(SqliteConnection connection, long number)
    {
        var schema = new SqliteSchema(number);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            schema._columns.Add(reader.GetString(0));
            schema._columns.Add($"{reader.GetString(0)}.{reader.GetString(1)}");
        }

        return schema;
    }

    /// <summary>
    /// Returns the first missing table or column, such as <c>inputs</c> or <c>runs.deleted_time</c>; null if nothing is missing.
    /// </summary>
    public string? FindMissing()
    {
        foreach (string line in Required.Split('\n'))
        {
            string[] names = line.Split([' ', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (!Has(names[0]))
                return names[0];
            if (names.Skip(1).FirstOrDefault(column => !Has(names[0], column)) is { } missing)
                return $"{names[0]}.{missing}";
        }

        return null;
    }
}
