using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads and writes the logged models in a database of MLflow 3 (mlflow.store.tracking.sqlalchemy_store). In SQL, their alias is <c>l</c>.
/// </summary>
internal sealed class SqliteLoggedModels(SqliteDatabase database) : IKeepsLoggedModels
{
    private const string Table = "logged_models";
    private const string VersionsTag = "mlflow.modelVersions";

    // The members of mlflow.entities.LoggedModelStatus, with the names of the REST API.
    private static readonly string[] Status = ["STATUS_UNSPECIFIED", "PENDING", "READY", "UPLOAD_FAILED"];

    private static readonly SqliteModelFields Fields = new(
        new Dictionary<string, SqliteModelField>
        {
            ["name"] = new("l.name", TakesList: true),
            ["model_id"] = new("l.model_id", TakesList: true),
            ["model_type"] = new("l.model_type", TakesList: true),
            ["source_run_id"] = new("l.source_run_id", TakesList: true),
            ["artifact_location"] = new("l.artifact_location", TakesList: true),
            ["creation_timestamp"] = new("l.creation_timestamp_ms", IsNumber: true),
            ["last_updated_timestamp"] = new("l.last_updated_timestamp_ms", IsNumber: true),
        },
        new Dictionary<string, SqliteModelTable>
        {
            ["metrics"] = new("logged_model_metrics", "t.model_id = l.model_id", "t.metric_name", new("t.metric_value", IsNumber: true)),
            ["params"] = new("logged_model_params", "t.model_id = l.model_id", "t.param_key", new("t.param_value", TakesList: true)),
            ["tags"] = new("logged_model_tags", "t.model_id = l.model_id", "t.tag_key", new("t.tag_value", TakesList: true)),
        });

    /// <inheritdoc/>
    public Task<LoggedModel> GetAsync(string modelId, CancellationToken cancellationToken) => database.ReadAsync(
        session => database.Exists ? Get(session, database.Uri, modelId) : throw NotFound(database.Uri, modelId), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<LoggedModel>> SearchAsync(
        IReadOnlyList<string> experimentIds, string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        int offset = OffsetToken.Offset(pageToken, maxResults);
        var parsed = SqliteModelFilter.Parse(filter, Fields);
        string rest = " AND l.experiment_id IN (SELECT value FROM json_each($experiments))"
            + $"{parsed.Sql} ORDER BY l.creation_timestamp_ms DESC, l.model_id LIMIT $limit OFFSET $offset";
        (string, object?)[] page =
            [("$experiments", SqliteExperiments.ToJson(experimentIds)), ("$limit", maxResults + 1), ("$offset", offset)];
        return database.ReadAsync(
            session => OffsetToken.FromOneMore(
                database.Exists
                    ? Read(session, database.Uri, rest, [.. parsed.Parameters, .. page])
                    : [],
                offset, maxResults),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LoggedModel>> ListAllAsync(string experimentId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<LoggedModel>>(
            session => database.Exists && session.Schema.HasLoggedModels
                ? Read(
                    session, database.Uri, withDeleted: true,
                    " AND l.experiment_id IN (SELECT value FROM json_each($experiments)) ORDER BY l.creation_timestamp_ms, l.model_id",
                    [("$experiments", SqliteExperiments.ToJson([experimentId]))])
                : [],
            cancellationToken);

    /// <inheritdoc/>
    public Task<LoggedModel> CreateAsync(NewLoggedModel model, CancellationToken cancellationToken) => ChangeAsync(
        session => Get(session, database.Uri, SqliteLoggedModelWriter.Create(session, database, model)), cancellationToken);

    /// <inheritdoc/>
    public Task SetTagsAsync(string modelId, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) => ChangeAsync(
        session => SqliteLoggedModelWriter.SetTags(session, Get(session, database.Uri, modelId), tags), cancellationToken);

    /// <inheritdoc/>
    public Task LogParamsAsync(string modelId, IReadOnlyList<Param> values, CancellationToken cancellationToken) => ChangeAsync(
        session => SqliteLoggedModelWriter.AddParams(session, Get(session, database.Uri, modelId), values), cancellationToken);

    /// <inheritdoc/>
    public Task LogMetricsAsync(string modelId, IReadOnlyList<LoggedModelMetric> points, CancellationToken cancellationToken) =>
        ChangeAsync(
            session => SqliteLoggedModelWriter.AddPoints(session, Get(session, database.Uri, modelId), points), cancellationToken);

    /// <inheritdoc/>
    public Task FinalizeAsync(string modelId, string status, CancellationToken cancellationToken) => ChangeAsync(
        session => SqliteLoggedModelWriter.SetStatus(session, Get(session, database.Uri, modelId), NumberOf(status)), cancellationToken);

    /// <inheritdoc/>
    public Task LinkAsync(string runId, ModelLinks links, CancellationToken cancellationToken) => ChangeAsync(
        session =>
        {
            new SqliteRuns(database).Require(session, runId);
            SqliteModelLinks.Write(session, runId, links);
            return 0;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task KeepAsync(LoggedModel model, CancellationToken cancellationToken) => ChangeAsync(
        session => SqliteLoggedModelWriter.Keep(session, model, NumberOf(model.Status)), cancellationToken);

    /// <summary>Returns the model with that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/>; <see cref="ErrorKind.NotSupported"/>.</exception>
    public static LoggedModel Get(SqliteSession session, string trackingUri, string modelId) =>
        Read(session, trackingUri, " AND l.model_id = $id", ("$id", modelId)).FirstOrDefault() ?? throw NotFound(trackingUri, modelId);

    /// <summary>Records in a tag of the model that a version was created from it, like an MLflow server.</summary>
    public static void NoteVersion(SqliteSession session, LoggedModel model, string name, long version)
    {
        JsonArray versions = [];
        if (model.Tags.TryGetValue(VersionsTag, out string? noted))
        {
            try
            {
                versions = JsonNode.Parse(noted) as JsonArray ?? [];
            }
            catch (JsonException)
            {
                // Not a list written by MLflow: the new list replaces it.
            }
        }

        versions.Add(new JsonObject { ["name"] = name, ["version"] = version });
        session.Execute(
            "INSERT OR REPLACE INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) "
            + "VALUES ($id, $experiment, $key, $value)",
            ("$id", model.ModelId), ("$experiment", model.ExperimentId), ("$key", VersionsTag), ("$value", versions.ToJsonString()));
    }

    private static List<LoggedModel> Read(
        SqliteSession session, string trackingUri, string rest, params (string Name, object? Value)[] parameters) =>
        Read(session, trackingUri, withDeleted: false, rest, parameters);

    private static List<LoggedModel> Read(
        SqliteSession session, string trackingUri, bool withDeleted, string rest, (string Name, object? Value)[] parameters)
    {
        ThrowIfMissing(session, trackingUri);

        string from = "FROM logged_models l JOIN experiments e ON e.experiment_id = l.experiment_id "
            + $"WHERE {(withDeleted ? "1" : "l.lifecycle_stage <> 'deleted'")}{session.Schema.AndInWorkspace("e")}{rest}";
        string page = $"SELECT l.* {from}";
        ILookup<string, (string Key, string Value)> param = Pairs("params", "param_key", "param_value");
        ILookup<string, (string Key, string Value)> tags = Pairs("tags", "tag_key", "tag_value");
        // MLflow stores NaN as an empty value.
        ILookup<string, LoggedModelMetric> points = session.Query(
            "SELECT t.model_id, t.metric_name, t.metric_value, t.metric_timestamp_ms, t.metric_step, t.run_id, t.dataset_name, "
            + $"t.dataset_digest FROM ({page}) p JOIN logged_model_metrics t ON t.model_id = p.model_id "
            + "ORDER BY t.metric_timestamp_ms, t.metric_step",
            row => (Id: row.GetString(0), Point: new LoggedModelMetric(
                row.GetString(1), row.IsDBNull(2) ? double.NaN : row.GetDouble(2), row.GetInt64(3), row.GetInt64(4), row.GetString(5))
            {
                DatasetName = SqliteValues.TextOrNull(row, 6),
                DatasetDigest = SqliteValues.TextOrNull(row, 7),
            }), parameters).ToLookup(point => point.Id, point => point.Point);
        return session.Query(
            "SELECT l.model_id, l.name, l.experiment_id, l.source_run_id, l.model_type, l.status, l.artifact_location, "
            + $"l.creation_timestamp_ms, l.last_updated_timestamp_ms, l.status_message, l.lifecycle_stage {from}",
            row => new LoggedModel
            {
                ModelId = row.GetString(0),
                Name = row.GetString(1),
                ExperimentId = row.GetString(2),
                RunId = SqliteValues.Text(row, 3),
                ModelType = SqliteValues.Text(row, 4),
                Status = Status.ElementAtOrDefault(row.GetInt32(5)) ?? "",
                ArtifactUri = row.GetString(6),
                CreationTime = SqliteValues.Time(row, 7),
                LastUpdateTime = SqliteValues.Time(row, 8),
                Params = Last(param[row.GetString(0)]),
                Metrics = Last(points[row.GetString(0)].Where(point => !double.IsNaN(point.Value))
                    .Select(point => (point.Key, point.Value))),
                Points = [.. points[row.GetString(0)]],
                StatusMessage = SqliteValues.Text(row, 9),
                LifecycleStage = SqliteValues.Stage(row, 10),
                Tags = Last(tags[row.GetString(0)]),
                TrackingUri = trackingUri,
            }, parameters);

        ILookup<string, (string Key, string Value)> Pairs(string what, string key, string value) => session.Query(
            $"SELECT t.model_id, t.{key}, t.{value} FROM ({page}) p JOIN logged_model_{what} t ON t.model_id = p.model_id",
            row => (Id: row.GetString(0), Pair: (row.GetString(1), row.GetString(2))), parameters)
            .ToLookup(row => row.Id, row => row.Pair);
    }

    private async Task<T> ChangeAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        await database.AddLoggedModelsAsync(cancellationToken).ConfigureAwait(false);
        return await database.WriteAsync(
            session =>
            {
                ThrowIfMissing(session, database.Uri);
                return work(session);
            }, cancellationToken).ConfigureAwait(false);
    }

    private static void ThrowIfMissing(SqliteSession session, string trackingUri)
    {
        if (!session.Schema.Has(Table))
        {
            throw new MlflowException(ErrorKind.NotSupported,
                $"{trackingUri} does not support logged models, which MLflow 3.0 introduced: the tables of this database are older. "
                + "MLflow 3 adds the missing tables when it opens the file. In older databases, models are artifacts of runs "
                + "and versions of registered models.")
            { Target = trackingUri };
        }
    }

    private static int NumberOf(string status) => Math.Max(0, Array.IndexOf(Status, status));

    private static Dictionary<string, T> Last<T>(IEnumerable<(string Key, T Value)> pairs)
    {
        var last = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach ((string key, T value) in pairs)
            last[key] = value;
        return last;
    }

    private static MlflowException NotFound(string trackingUri, string modelId) => new(ErrorKind.ModelNotFound,
        $"There is no logged model '{modelId}' at {trackingUri}. Get-MlflowLoggedModel lists them.")
    { Target = modelId };
}
