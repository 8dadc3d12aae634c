namespace Anovos.Mlflow.Tracking;

/// <summary>Searches runs.</summary>
internal sealed class SqliteRunSearch(SqliteRuns runs)
{
    /// <summary>One page of runs.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a filter or an order that cannot be read.</exception>
    public Page<Run> Find(SqliteSession session, RunSearch search, int offset)
    {
        RunFilter filter = RunFilter.Parse(search.Filter);
        RunOrder order = RunOrder.Parse(search.OrderBy);
        List<string> ids = session.Query(
            $"""
            SELECT run_uuid FROM runs WHERE lifecycle_stage {SqliteValues.Are(search.ViewType)}
            AND experiment_id IN (SELECT value FROM json_each($experiments))
            """,
            row => row.GetString(0),
            ("$experiments", SqliteExperiments.ToJson(search.ExperimentIds)));
        List<Run> found = order.Sort(runs.Read(session, ids).Where(filter.Matches), run => run);
        return OffsetToken.Page(found, offset, search.MaxResults);
    }
}
