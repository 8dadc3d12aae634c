using System.Runtime.CompilerServices;

namespace Anovos.Mlflow.Tracking;

/// <summary>Searches runs page by page.</summary>
internal sealed class SqliteRunSearch(SqliteRuns runs)
{
    // Kept for the next pages, as long as the caller keeps the search. Pages do not overlap if runs are added in the meantime, and SQLite
    // does not sort all runs for each page.
    private readonly ConditionalWeakTable<RunSearch, List<string>> _found = new();

    /// <summary>Returns one page of runs.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a filter or an order that cannot be parsed.</exception>
    public Page<Run> Find(SqliteSession session, RunSearch search, string? pageToken)
    {
        int offset = OffsetToken.Offset(pageToken, search.MaxResults);
        if (pageToken is null)
            _found.Remove(search);
        List<string> ids = _found.GetValue(search, _ => SqliteRunQuery.Ids(session, search));
        Page<string> page = OffsetToken.Page(ids, offset, search.MaxResults);
        return new Page<Run>(runs.Read(session, page.Items), page.NextPageToken);
    }
}
