using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>Values as MLflow keeps them in a database.</summary>
internal static class SqliteValues
{
    // The provider binds a text of up to 512 bytes with its length, a longer one up to its first NUL.
    private const int LongestWithNul = 160;

    /// <summary>The name of a lifecycle stage.</summary>
    public static string Text(LifecycleStage stage) => stage == LifecycleStage.Deleted ? "deleted" : "active";

    /// <summary>The name of a status.</summary>
    public static string Text(RunStatus status) => status.ToString().ToUpperInvariant();

    /// <summary>The rest of a condition on a lifecycle stage.</summary>
    public static string Are(ViewType view) => view switch
    {
        ViewType.ActiveOnly => "= 'active'",
        ViewType.DeletedOnly => "= 'deleted'",
        _ => "IN ('active', 'deleted')",
    };

    /// <summary>A number for a metric's value: the tables have neither NaN, which is 0 beside a mark, nor infinities.</summary>
    public static double Number(double value) =>
        double.IsNaN(value) ? 0 : double.IsInfinity(value) ? Math.Sign(value) * double.MaxValue : value;

    /// <summary>A list for <c>json_each</c>, through which one parameter carries any number of values.</summary>
    public static string ToJson(IEnumerable<string> texts) => $"[{string.Join(",", texts.Select(text => $"\"{Escape(text)}\""))}]";

    /// <summary>A text; empty where the column is.</summary>
    public static string Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? "" : row.GetString(column);

    /// <summary>A text; null where the column is empty.</summary>
    public static string? TextOrNull(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>A lifecycle stage.</summary>
    public static LifecycleStage Stage(SqliteDataReader row, int column) =>
        Text(row, column) == "deleted" ? LifecycleStage.Deleted : LifecycleStage.Active;

    /// <summary>A status.</summary>
    public static RunStatus Status(SqliteDataReader row, int column) =>
        Enum.TryParse(Text(row, column), ignoreCase: true, out RunStatus status) ? status : RunStatus.Running;

    /// <summary>A time; null where the column is empty.</summary>
    public static DateTimeOffset? Time(SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : UnixTime.Nearest(row.GetInt64(column));

    /// <summary>A text for a parameter of a command, which would store a long one only up to its first NUL character.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for such a text.</exception>
    public static string Bindable(string text)
    {
        int at = text.Length > LongestWithNul ? text.IndexOf('\0') : -1;
        return at < 0 ? text : throw new MlflowException(ErrorKind.InvalidValue,
            $"The text '{text.Substring(0, Math.Min(at, 60))}…' has a NUL character (U+0000) at position {at}. A database stores one only in "
            + $"a text of up to {LongestWithNul} characters. Remove it.")
        { Target = text.Substring(0, at) };
    }

    private static string Escape(string text) => text.All(char.IsLetterOrDigit)
        ? text
        : string.Concat(text.Select(c => c is < ' ' or '"' or '\\' ? $"\\u{(int)c:x4}" : c.ToString()));
}
