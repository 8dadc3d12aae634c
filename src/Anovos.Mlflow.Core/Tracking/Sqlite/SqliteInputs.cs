namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads and writes the datasets of runs: <c>datasets</c> describes them, <c>inputs</c> links them to runs, and <c>input_tags</c> describes
/// their use.
/// </summary>
internal static class SqliteInputs
{
    // The plus makes SQLite search by run. Otherwise it uses the index that begins with the type, and reads the inputs of all runs.
    private const string InputsOfRuns = """
        FROM json_each($ids) j
        CROSS JOIN inputs i ON i.destination_type = 'RUN' AND i.destination_id = j.value AND +i.source_type = 'DATASET'
        """;

    /// <summary>Returns the datasets of each run in a JSON list, ordered by name.</summary>
    public static List<DatasetInput>[] Read(SqliteSession session, string list, int count)
    {
        var tags = new Dictionary<string, List<Tag>>(StringComparer.Ordinal);
        session.Read(
            $"""
            SELECT t.input_uuid, t.name, t.value {InputsOfRuns}
            CROSS JOIN input_tags t ON t.input_uuid = i.input_uuid
            """,
            row =>
            {
                string input = row.GetString(0);
                if (!tags.TryGetValue(input, out List<Tag>? found))
                    tags.Add(input, found = []);
                found.Add(new Tag(row.GetString(1), row.GetString(2)));
            },
            ("$ids", list));

        var inputs = new List<DatasetInput>[count];
        for (int i = 0; i < count; i++)
            inputs[i] = [];
        session.Read(
            $"""
            SELECT j.key, i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile
            {InputsOfRuns}
            CROSS JOIN datasets d ON d.dataset_uuid = i.source_id
            ORDER BY j.key, d.name
            """,
            row => inputs[row.GetInt32(0)].Add(new DatasetInput(row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5))
            {
                Schema = SqliteValues.TextOrNull(row, 6),
                Profile = SqliteValues.TextOrNull(row, 7),
                Tags = tags.TryGetValue(row.GetString(1), out List<Tag>? found) ? found : [],
            }),
            ("$ids", list));
        return inputs;
    }

    /// <summary>Adds a dataset to a run. A dataset that the run already has, by name and digest, does not change.</summary>
    public static void Write(SqliteSession session, long experimentId, string runId, DatasetInput input)
    {
        session.Execute(
            """
            INSERT INTO datasets
                (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile)
            VALUES ($uuid, $experiment, $name, $digest, $type, $source, $schema, $profile)
            ON CONFLICT (experiment_id, name, digest) DO NOTHING
            """,
            ("$uuid", NewId()),
            ("$experiment", experimentId),
            ("$name", input.Name),
            ("$digest", input.Digest),
            ("$type", input.SourceType),
            ("$source", input.Source),
            ("$schema", input.Schema),
            ("$profile", input.Profile));
        string id = NewId();
        int added = session.Execute(
            """
            INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id)
            SELECT $uuid, 'DATASET', dataset_uuid, 'RUN', $run FROM datasets
            WHERE experiment_id = $experiment AND name = $name AND digest = $digest
            ON CONFLICT (source_type, source_id, destination_type, destination_id) DO NOTHING
            """,
            ("$uuid", id),
            ("$run", runId),
            ("$experiment", experimentId),
            ("$name", input.Name),
            ("$digest", input.Digest));
        if (added == 0)
            return;
        foreach (Tag tag in input.Tags)
        {
            session.Execute(
                """
                INSERT INTO input_tags (input_uuid, name, value) VALUES ($uuid, $name, $value)
                ON CONFLICT (input_uuid, name) DO UPDATE SET value = excluded.value
                """,
                ("$uuid", id),
                ("$name", tag.Key),
                ("$value", tag.Value));
        }
    }

    private static string NewId() => Guid.NewGuid().ToString("N");
}
