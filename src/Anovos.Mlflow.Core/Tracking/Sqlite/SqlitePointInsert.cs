namespace Anovos.Mlflow.Tracking;

/// <summary>Inserts points of a run, the same number of rows with each statement. Existing points are skipped.</summary>
internal sealed class SqlitePointInsert(SqliteSession session, string runId, int rows) : IDisposable
{
    private const string Row = "(?1, ?, ?, ?, ?, ?)";

    private readonly SqliteStatement _insert = session.PrepareStatement($"""
        INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES {string.Join(", ", Enumerable.Repeat(Row, rows))}
        ON CONFLICT DO NOTHING
        """);

    // Parameters keep their values, and most points of a series have the same key as the previous one.
    private readonly string?[] _keys = new string?[rows];

    /// <summary>Inserts the points starting at <paramref name="first"/>, one for each row.</summary>
    public void Run(IReadOnlyList<Metric> points, int first)
    {
        _insert.Bind(1, runId);
        for (int row = 0, parameter = 2; row < rows; row++, parameter += 5)
        {
            Metric point = points[first + row];
            if (point.Key != _keys[row])
                _insert.Bind(parameter, _keys[row] = point.Key);
            BindValue(_insert, parameter + 1, point);
        }

        _insert.Run();
    }

    /// <summary>Binds the value, the timestamp, the step and the NaN flag, in this order.</summary>
    public static void BindValue(SqliteStatement statement, int parameter, Metric point)
    {
        statement.Bind(parameter, SqliteValues.Number(point.Value));
        statement.Bind(parameter + 1, point.Timestamp);
        statement.Bind(parameter + 2, point.Step);
        statement.Bind(parameter + 3, double.IsNaN(point.Value) ? 1 : 0);
    }

    public void Dispose() => _insert.Dispose();
}
