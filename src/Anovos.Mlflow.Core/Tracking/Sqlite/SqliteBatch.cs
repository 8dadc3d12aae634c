using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>Writes params, metrics and tags of a run.</summary>
internal static class SqliteBatch
{
    /// <summary>Writes a batch: params first, then metrics, then tags.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ParameterConflict"/></exception>
    public static void Write(SqliteSession session, string runId, RunData batch)
    {
        foreach (Param param in batch.Params)
            WriteParam(session, runId, param);
        WritePoints(session, runId, batch.Metrics);
        WriteLatest(session, runId, batch.Metrics);
        foreach (Tag tag in batch.Tags)
        {
            // As in MLflow, a run keeps its name if the tag is empty.
            if (tag.Key == RunTags.RunName && tag.Value.Length == 0)
                continue;
            WriteTag(session, runId, tag);
            if (tag.Key == RunTags.RunName)
                session.Execute("UPDATE runs SET name = $name WHERE run_uuid = $run", ("$name", tag.Value), ("$run", runId));
        }
    }

    /// <summary>Writes a tag; one that is there is replaced.</summary>
    public static void WriteTag(SqliteSession session, string runId, Tag tag) => session.Execute(
        """
        INSERT INTO tags (key, value, run_uuid) VALUES ($key, $value, $run)
        ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value
        """,
        ("$key", tag.Key),
        ("$value", tag.Value),
        ("$run", runId));

    private static void WriteParam(SqliteSession session, string runId, Param param)
    {
        int added = session.Execute(
            "INSERT INTO params (key, value, run_uuid) VALUES ($key, $value, $run) ON CONFLICT (key, run_uuid) DO NOTHING",
            ("$key", param.Key),
            ("$value", param.Value),
            ("$run", runId));
        if (added > 0)
            return;
        string old = session.First(
            "SELECT value FROM params WHERE key = $key AND run_uuid = $run",
            row => row.GetString(0),
            ("$key", param.Key),
            ("$run", runId))!;
        if (old != SharedFile.Stored(param.Value))
        {
            throw new MlflowException(ErrorKind.ParameterConflict,
                $"The param '{param.Key}' of the run '{runId}' is '{old}' and cannot become '{param.Value}'. "
                + "Params are written once: use another key, a tag, or a new run.") { Target = param.Key };
        }
    }

    private static void WritePoints(SqliteSession session, string runId, IReadOnlyList<Metric> points)
    {
        using SqliteCommand command = session.Prepare(
            """
            INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ($key, $value, $time, $run, $step, $nan)
            ON CONFLICT DO NOTHING
            """,
            ("$key", ""), ("$value", 0.0), ("$time", 0L), ("$step", 0L), ("$nan", 0), ("$run", runId));
        foreach (Metric point in points)
        {
            session.CancellationToken.ThrowIfCancellationRequested();
            SqliteParameterCollection values = command.Parameters;
            values[0].Value = point.Key;
            values[1].Value = SqliteValues.Number(point.Value);
            values[2].Value = point.Timestamp;
            values[3].Value = point.Step;
            values[4].Value = double.IsNaN(point.Value) ? 1 : 0;
            command.ExecuteNonQuery();
        }
    }

    // As MLflow compares points: by what is stored, where a NaN is 0.
    private static (long, long, double) Rank(Metric point) => (point.Step, point.Timestamp, SqliteValues.Number(point.Value));

    private static void WriteLatest(SqliteSession session, string runId, IReadOnlyList<Metric> points)
    {
        foreach (IGrouping<string, Metric> metric in points.GroupBy(point => point.Key, StringComparer.Ordinal))
        {
            Metric last = metric.First();
            foreach (Metric point in metric)
            {
                if (Rank(point).CompareTo(Rank(last)) > 0)
                    last = point;
            }

            session.Execute(
                """
                INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
                VALUES ($key, $value, $time, $step, $nan, $run)
                ON CONFLICT (key, run_uuid) DO UPDATE
                SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
                WHERE (excluded.step, excluded.timestamp, excluded.value) > (step, ifnull(timestamp, 0), value)
                """,
                ("$key", last.Key),
                ("$value", SqliteValues.Number(last.Value)),
                ("$time", last.Timestamp),
                ("$step", last.Step),
                ("$nan", double.IsNaN(last.Value) ? 1 : 0),
                ("$run", runId));
        }
    }
}
