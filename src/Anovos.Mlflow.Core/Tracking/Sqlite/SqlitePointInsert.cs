namespace Anovos.Mlflow.Tracking;

/// <summary>Inserts points of a run, the same number of rows with each statement. Points that are there already are dropped.</summary>
internal sealed class SqlitePointInsert(SqliteSession session, string runId, int rows) : IDisposable
{
    private const string Row = "(?1, ?, ?, ?, ?, ?)";

    private readonly SqliteStatement _insert = session.PrepareStatement($"""
        INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES {string.Join(", ", Enumerable.Repeat(Row, rows))}
        ON CONFLICT DO NOTHING
        """);

    // Parameters keep their values, and most points of a series have the key of the one before.
    private readonly string?[] _keys = new string?[rows];

    /// <summary>Inserts the points from <paramref name="first"/> on, one for each row.</summary>
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

    /// <summary>Binds value, timestamp, step and the mark of a NaN, in this order.</summary>
    public static void BindValue(SqliteStatement statement, int parameter, Metric point)
    {
        statement.Bind(parameter, SqliteValues.Number(point.Value));
        statement.Bind(parameter + 1, point.Timestamp);
        statement.Bind(parameter + 2, point.Step);
        statement.Bind(parameter + 3, double.IsNaN(point.Value) ? 1 : 0);
    }

    public void Dispose() => _insert.Dispose();
}
