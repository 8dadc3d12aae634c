namespace Anovos.Mlflow.Tracking;

/// <summary>Writes params, metrics and tags of a run.</summary>
internal static class SqliteBatch
{
    // Executing a statement costs SQLite more than inserting a row; with more rows than this, the time stays the same.
    private const int PointsTogether = 20;

    /// <summary>Writes a batch: params first, then metrics, then tags.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ParameterConflict"/></exception>
    public static void Write(SqliteSession session, string runId, RunData batch)
    {
        if (batch.Params.Count > 0)
            WriteParams(session, runId, batch.Params);
        if (batch.Metrics.Count > 0)
        {
            WritePoints(session, runId, batch.Metrics);
            WriteLatest(session, runId, batch.Metrics);
        }

        // As in MLflow, a run keeps its name if the tag is empty.
        Tag[] tags = [.. batch.Tags.Where(tag => tag.Key != RunTags.RunName || tag.Value.Length > 0)];
        WriteTags(session, runId, tags);
        if (tags.LastOrDefault(tag => tag.Key == RunTags.RunName) is { } name)
            session.Execute("UPDATE runs SET name = $name WHERE run_uuid = $run", ("$name", name.Value), ("$run", runId));
    }

    /// <summary>Writes tags and replaces existing ones.</summary>
    public static void WriteTags(SqliteSession session, string runId, IReadOnlyList<Tag> tags)
    {
        if (tags.Count == 0)
            return;
        using SqliteStatement insert = session.PrepareStatement("""
            INSERT INTO tags (run_uuid, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value
            """);
        insert.Bind(1, runId);
        foreach (Tag tag in tags)
        {
            insert.Bind(2, tag.Key);
            insert.Bind(3, tag.Value);
            insert.Run();
        }
    }

    private static void WriteParams(SqliteSession session, string runId, IReadOnlyList<Param> values)
    {
        using SqliteStatement insert = session.PrepareStatement(
            "INSERT INTO params (run_uuid, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (key, run_uuid) DO NOTHING");
        insert.Bind(1, runId);
        foreach (Param param in values)
        {
            insert.Bind(2, param.Key);
            insert.Bind(3, param.Value);
            if (insert.Run() == 0)
                CheckSame(session, runId, param);
        }
    }

    private static void CheckSame(SqliteSession session, string runId, Param param)
    {
        string old = session.First(
            "SELECT value FROM params WHERE key = $key AND run_uuid = $run",
            row => row.GetString(0),
            ("$key", param.Key),
            ("$run", runId))!;
        if (old != SharedFile.Stored(param.Value))
        {
            throw new MlflowException(ErrorKind.ParameterConflict,
                $"The param '{param.Key}' of the run '{runId}' is '{old}' and cannot become '{param.Value}'. "
                + "Params are written once: use another key, a tag, or a new run.")
            { Target = param.Key };
        }
    }

    private static void WritePoints(SqliteSession session, string runId, IReadOnlyList<Metric> points)
    {
        int written = 0;
        foreach (int rows in new[] { PointsTogether, 1 })
        {
            if (points.Count - written < rows)
                continue;
            using var insert = new SqlitePointInsert(session, runId, rows);
            for (; points.Count - written >= rows; written += rows)
            {
                session.CancellationToken.ThrowIfCancellationRequested();
                insert.Run(points, written);
            }
        }
    }

    private static void WriteLatest(SqliteSession session, string runId, IReadOnlyList<Metric> points)
    {
        var latest = new Dictionary<string, Metric>(StringComparer.Ordinal);
        foreach (Metric point in points)
        {
            if (!latest.TryGetValue(point.Key, out Metric? other) || Rank(point).CompareTo(Rank(other)) > 0)
                latest[point.Key] = point;
        }

        using SqliteStatement insert = session.PrepareStatement("""
            INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (key, run_uuid) DO UPDATE
            SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
            WHERE (excluded.step, excluded.timestamp, excluded.value) > (step, ifnull(timestamp, 0), value)
            """);
        insert.Bind(1, runId);
        foreach (Metric point in latest.Values)
        {
            insert.Bind(2, point.Key);
            SqlitePointInsert.BindValue(insert, 3, point);
            insert.Run();
        }
    }

    // MLflow compares stored values, where a NaN is 0.
    private static (long, long, double) Rank(Metric point) => (point.Step, point.Timestamp, SqliteValues.Number(point.Value));
}
