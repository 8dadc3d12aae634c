using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads and writes the tables <c>experiments</c> and <c>experiment_tags</c>.</summary>
internal sealed class SqliteExperiments(SqliteDatabase database, StoreLimits limits)
{
    /// <summary>Returns the experiment with that name, even if it is deleted; null if there is none.</summary>
    public Experiment? Find(SqliteSession session, string name) =>
        Read(session, "e.name = $name", "", ("$name", name)).FirstOrDefault();

    /// <summary>Returns the experiment with that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    public Experiment Get(SqliteSession session, string id)
    {
        Experiment? found = TryNumber(id, out long number)
            ? Read(session, "e.experiment_id = $id", "", ("$id", number)).FirstOrDefault()
            : null;
        return found ?? throw new MlflowException(
            ErrorKind.ExperimentNotFound, $"There is no experiment with the id '{id}' in '{database.Path}'.")
        { Target = id };
    }

    /// <summary>Returns a list for <c>json_each</c> of the ids that are numbers. MLflow's databases have no other ids.</summary>
    public static string ToJson(IEnumerable<string> ids)
    {
        var numbers = new List<long>();
        foreach (string id in ids)
        {
            if (TryNumber(id, out long number))
                numbers.Add(number);
        }

        return $"[{string.Join(",", numbers)}]";
    }

    /// <summary>Throws for an experiment that cannot be created.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void Check(NewExperiment experiment)
    {
        limits.CheckExperiment(experiment);
        limits.CheckKeys("tag", experiment.Tags.Select(tag => tag.Key));
    }

    /// <summary>Creates an experiment and returns its id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/></exception>
    public string Create(SqliteSession session, NewExperiment experiment)
    {
        RefuseTaken(session, experiment.Name);
        string id = session.First(
            """
            INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time)
            VALUES ($name, $location, 'active', $now, $now)
            RETURNING experiment_id
            """,
            row => row.GetInt64(0).ToString(CultureInfo.InvariantCulture),
            ("$name", experiment.Name),
            ("$location", experiment.ArtifactLocation),
            ("$now", Now()))!;
        if (experiment.ArtifactLocation is null)
        {
            session.Execute(
                "UPDATE experiments SET artifact_location = $location WHERE experiment_id = $id",
                ("$location", database.ArtifactLocation(id)),
                ("$id", id));
        }

        foreach (Tag tag in experiment.Tags)
            WriteTag(session, id, tag);
        return id;
    }

    /// <summary>Returns one page of experiments, the newest first.</summary>
    public Page<Experiment> Search(SqliteSession session, ExperimentSearch search, int offset)
    {
        List<Experiment> found = Read(
            session,
            $"e.lifecycle_stage {SqliteValues.Are(search.ViewType)}",
            "ORDER BY e.creation_time DESC, e.experiment_id LIMIT $limit OFFSET $offset",
            ("$limit", search.MaxResults + 1),
            ("$offset", offset));
        return OffsetToken.FromOneMore(found, offset, search.MaxResults);
    }

    /// <summary>Renames an experiment.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/>, <see cref="ErrorKind.InvalidValue"/></exception>
    public void Rename(SqliteSession session, string id, string name)
    {
        Experiment experiment = Active(session, id);
        if (experiment.Name == SharedFile.Stored(name))
            return;
        RefuseTaken(session, name);
        session.Execute("UPDATE experiments SET name = $name, last_update_time = $now WHERE experiment_id = $id",
            ("$name", name), ("$now", Now()), ("$id", experiment.ExperimentId));
    }

    /// <summary>Sets a tag.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void SetTag(SqliteSession session, string id, Tag tag)
    {
        Experiment experiment = Active(session, id);
        WriteTag(session, experiment.ExperimentId, tag);
    }

    /// <summary>Moves an experiment and all its runs to the trash, or restores them.</summary>
    public void Move(SqliteSession session, string id, LifecycleStage stage)
    {
        Experiment experiment = Get(session, id);
        if (experiment.LifecycleStage == stage)
            return;
        long now = Now();
        session.Execute("UPDATE experiments SET lifecycle_stage = $stage, last_update_time = $now WHERE experiment_id = $id",
            ("$stage", SqliteValues.Text(stage)), ("$now", now), ("$id", experiment.ExperimentId));
        session.Execute(
            """
            UPDATE runs SET lifecycle_stage = $stage, deleted_time = $deleted
            WHERE experiment_id = $id AND lifecycle_stage IS NOT $stage
            """,
            ("$stage", SqliteValues.Text(stage)),
            ("$deleted", stage == LifecycleStage.Deleted ? now : null),
            ("$id", experiment.ExperimentId));
    }

    /// <summary>Whether an experiment in a database can have the id.</summary>
    public static bool TryNumber(string id, out long number) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private List<Experiment> Read(
        SqliteSession session, string condition, string rest, params (string Name, object? Value)[] parameters)
    {
        var tags = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        List<Experiment> found = session.Query(
            $"""
            SELECT e.experiment_id, e.name, e.artifact_location, e.lifecycle_stage, e.creation_time, e.last_update_time
            FROM experiments e WHERE {condition}{session.Schema.AndInWorkspace("e")} {rest}
            """,
            row =>
            {
                string id = row.GetInt64(0).ToString(CultureInfo.InvariantCulture);
                tags.Add(id, new Dictionary<string, string>(StringComparer.Ordinal));
                return ToExperiment(row, id, tags[id]);
            },
            parameters);

        // The table has no index on the experiment.
        session.Read(
            "SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN (SELECT value FROM json_each($ids))",
            row => tags[row.GetInt64(0).ToString(CultureInfo.InvariantCulture)][row.GetString(1)] = SqliteValues.Text(row, 2),
            ("$ids", $"[{string.Join(",", tags.Keys)}]"));
        return found;
    }

    private Experiment ToExperiment(SqliteDataReader row, string id, Dictionary<string, string> tags) => new()
    {
        ExperimentId = id,
        Name = row.GetString(1),
        ArtifactLocation = SqliteValues.Text(row, 2),
        LifecycleStage = SqliteValues.Stage(row, 3),
        CreationTime = SqliteValues.Time(row, 4),
        LastUpdateTime = SqliteValues.Time(row, 5),
        TrackingUri = database.Uri,
        Tags = tags,
    };

    private Experiment Active(SqliteSession session, string id)
    {
        Experiment experiment = Get(session, id);
        return experiment.LifecycleStage == LifecycleStage.Active ? experiment : throw new MlflowException(ErrorKind.InvalidValue,
            $"The experiment '{experiment.Name}' is in the trash and cannot be changed. Restore it first.")
        { Target = id };
    }

    /// <summary>
    /// Throws if an experiment has the name. The database would refuse it as well, but without the stage of the existing experiment.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/></exception>
    public void RefuseTaken(SqliteSession session, string name)
    {
        if (Find(session, name) is not { } taken)
            return;
        string what = taken.LifecycleStage == LifecycleStage.Deleted
            ? $"is in the trash of '{database.Path}', where its name stays taken: restore it, or use another name"
            : $"already exists in '{database.Path}'";
        throw new MlflowException(ErrorKind.ExperimentExists, $"The experiment '{taken.Name}' {what}.") { Target = taken.Name };
    }

    /// <summary>Writes a tag and replaces an existing one.</summary>
    public static void WriteTag(SqliteSession session, string id, Tag tag) => session.Execute(
        """
        INSERT INTO experiment_tags (key, value, experiment_id) VALUES ($key, $value, $id)
        ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value
        """,
        ("$key", tag.Key), ("$value", tag.Value), ("$id", id));

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
