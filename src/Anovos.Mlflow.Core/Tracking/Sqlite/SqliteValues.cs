using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>Converts values to and from the form in which MLflow keeps them in a database.</summary>
internal static class SqliteValues
{
    // The provider binds a text of up to 512 bytes in full, but a longer one only up to its first NUL.
    private const int LongestWithNul = 160;

    /// <summary>Returns the name of a lifecycle stage.</summary>
    public static string Text(LifecycleStage stage) => stage == LifecycleStage.Deleted ? "deleted" : "active";

    /// <summary>Returns the name of a status.</summary>
    public static string Text(RunStatus status) => status.ToString().ToUpperInvariant();

    /// <summary>Returns the second part of a condition on a lifecycle stage.</summary>
    public static string Are(ViewType view) => view switch
    {
        ViewType.ActiveOnly => "= 'active'",
        ViewType.DeletedOnly => "= 'deleted'",
        _ => "IN ('active', 'deleted')",
    };

    /// <summary>
    /// Returns the number to store for a metric's value. The tables have neither NaN, which is stored as 0 with a flag, nor infinities.
    /// </summary>
    public static double Number(double value) =>
        double.IsNaN(value) ? 0 : double.IsInfinity(value) ? Math.Sign(value) * double.MaxValue : value;

    /// <summary>Returns a list for <c>json_each</c>, so that one parameter holds any number of values.</summary>
    public static string ToJson(IEnumerable<string> texts) => $"[{string.Join(",", texts.Select(text => $"\"{Escape(text)}\""))}]";

    /// <summary>Reads a text; empty if the column is NULL.</summary>
    public static string Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? "" : row.GetString(column);

    /// <summary>Reads a text; null if the column is NULL.</summary>
    public static string? TextOrNull(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>Reads a lifecycle stage.</summary>
    public static LifecycleStage Stage(SqliteDataReader row, int column) =>
        Text(row, column) == "deleted" ? LifecycleStage.Deleted : LifecycleStage.Active;

    /// <summary>Reads a status.</summary>
    public static RunStatus Status(SqliteDataReader row, int column) =>
        Enum.TryParse(Text(row, column), ignoreCase: true, out RunStatus status) ? status : RunStatus.Running;

    /// <summary>Reads a time; null if the column is NULL.</summary>
    public static DateTimeOffset? Time(SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : UnixTime.Nearest(row.GetInt64(column));

    /// <summary>Returns a text that a command can bind. A command would store a long text only up to its first NUL character.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a long text with a NUL character.</exception>
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
