using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads the table <c>runs</c> and the data that belongs to its rows.</summary>
internal sealed class SqliteRuns(SqliteDatabase database)
{
    // Each page is one transaction, and a writer must wait for it.
    private const int HistoryPage = 50_000;

    /// <summary>Returns the run with that id.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a text that is not a run id.
    /// </exception>
    public Run Get(SqliteSession session, string runId)
    {
        Require(session, runId);
        return Read(session, [runId])[0];
    }

    /// <summary>Returns the runs with these ids and all their data, in this order. Missing runs are left out.</summary>
    public IReadOnlyList<Run> Read(SqliteSession session, IReadOnlyList<string> ids)
    {
        string list = SqliteValues.ToJson(ids);
        Dictionary<string, string>[] values = ReadTexts(session, "params", list, ids.Count);
        Dictionary<string, string>[] tags = ReadTexts(session, "tags", list, ids.Count);
        Dictionary<string, double>[] metrics = ReadMetrics(session, list, ids.Count);
        List<DatasetInput>[] inputs = SqliteInputs.Read(session, list, ids.Count);
        ModelLinks[] models = SqliteModelLinks.Read(session, list, ids.Count);
        return session.Query(
            $"""
            SELECT j.key, r.run_uuid, r.experiment_id, e.name, r.name, r.status, r.start_time, r.end_time, r.user_id, r.artifact_uri,
                r.lifecycle_stage, r.deleted_time, r.source_type, r.source_name, r.entry_point_name, r.source_version
            FROM json_each($ids) j
            JOIN runs r ON r.run_uuid = j.value
            JOIN experiments e ON e.experiment_id = r.experiment_id{session.Schema.AndInWorkspace("e")}
            ORDER BY j.key
            """,
            row =>
            {
                int at = row.GetInt32(0);
                return ToRun(row, tags[at]) with
                {
                    Params = values[at],
                    Metrics = metrics[at],
                    Tags = tags[at],
                    Inputs = inputs[at],
                    Models = models[at],
                };
            },
            ("$ids", list));
    }

    /// <summary>Throws if there is no run with that id; otherwise returns its experiment, name and stage.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a text that is not a run id.
    /// </exception>
    public (long ExperimentId, string Name, LifecycleStage Stage) Require(SqliteSession session, string runId)
    {
        if (!Run.IsRunId(runId))
        {
            throw new MlflowException(ErrorKind.InvalidValue,
                $"'{runId}' is not a run id. A run id consists of letters, digits, dashes and underscores.")
            { Target = runId };
        }

        (long, string, LifecycleStage)? found = session.First<(long, string, LifecycleStage)?>(
            $"""
            SELECT r.experiment_id, r.name, r.lifecycle_stage FROM runs r
            JOIN experiments e ON e.experiment_id = r.experiment_id{session.Schema.AndInWorkspace("e")}
            WHERE r.run_uuid = $run
            """,
            row => (row.GetInt64(0), SqliteValues.Text(row, 1), SqliteValues.Stage(row, 2)),
            ("$run", runId));
        return found ?? throw new MlflowException(
            ErrorKind.RunNotFound, $"There is no run '{runId}' in '{database.Path}'.")
        { Target = runId };
    }

    /// <summary>Returns one page of a metric's points, in the order written; none for a key that the run does not have.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    public Page<Metric> History(SqliteSession session, string runId, string key, string? pageToken)
    {
        Require(session, runId);
        // Searches by run: with a plain "key" in the condition, SQLite may read the points of all runs.
        using SqliteStatement rows = session.PrepareStatement("""
            SELECT value, timestamp, step, is_nan, rowid FROM metrics
            WHERE run_uuid = ?1 AND +key = ?2 AND rowid > ?3 ORDER BY rowid LIMIT ?4
            """);
        rows.Bind(1, runId);
        rows.Bind(2, key);
        rows.Bind(3, OffsetToken.Number(pageToken));
        rows.Bind(4, HistoryPage);
        var points = new List<Metric>();
        long last = 0;
        while (rows.Read())
        {
            points.Add(new Metric(key, rows.Integer(3) != 0 ? double.NaN : rows.Number(0), rows.Integer(1), rows.Integer(2)));
            last = rows.Integer(4);
        }

        return new Page<Metric>(points, points.Count == HistoryPage ? last.ToString(CultureInfo.InvariantCulture) : null);
    }

    private Run ToRun(SqliteDataReader row, Dictionary<string, string> tags) => new()
    {
        RunId = row.GetString(1),
        ExperimentId = row.GetInt64(2).ToString(CultureInfo.InvariantCulture),
        Experiment = row.GetString(3),
        // The oldest stores have the name only in the tag.
        RunName = SqliteValues.Text(row, 4) is { Length: > 0 } name ? name : tags.TryGetValue(RunTags.RunName, out string? tag) ? tag : "",
        Status = SqliteValues.Status(row, 5),
        StartTime = SqliteValues.Time(row, 6) ?? UnixTime.Nearest(0),
        EndTime = SqliteValues.Time(row, 7),
        UserId = SqliteValues.Text(row, 8),
        ArtifactUri = SqliteValues.Text(row, 9),
        LifecycleStage = SqliteValues.Stage(row, 10),
        DeletedTime = SqliteValues.Time(row, 11),
        Origin = new RunOrigin(
            SqliteValues.Text(row, 12), SqliteValues.Text(row, 13), SqliteValues.Text(row, 14), SqliteValues.Text(row, 15)),
        TrackingUri = database.Uri,
    };

    private static Dictionary<string, string>[] ReadTexts(SqliteSession session, string table, string list, int count)
    {
        var found = new Dictionary<string, string>[count];
        for (int i = 0; i < count; i++)
            found[i] = new Dictionary<string, string>(StringComparer.Ordinal);
        session.Read(
            $"SELECT j.key, t.key, t.value FROM json_each($ids) j CROSS JOIN {table} t ON t.run_uuid = j.value",
            row => found[row.GetInt32(0)][row.GetString(1)] = SqliteValues.Text(row, 2),
            ("$ids", list));
        return found;
    }

    private static Dictionary<string, double>[] ReadMetrics(SqliteSession session, string list, int count)
    {
        var found = new Dictionary<string, double>[count];
        for (int i = 0; i < count; i++)
            found[i] = new Dictionary<string, double>(StringComparer.Ordinal);
        session.Read(
            "SELECT j.key, m.key, m.value, m.is_nan FROM json_each($ids) j CROSS JOIN latest_metrics m ON m.run_uuid = j.value",
            row => found[row.GetInt32(0)][row.GetString(1)] = row.GetBoolean(3) ? double.NaN : row.GetDouble(2),
            ("$ids", list));
        return found;
    }
}
