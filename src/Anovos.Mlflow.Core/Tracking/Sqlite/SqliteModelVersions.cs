using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads and writes the versions of registered models in an MLflow database (mlflow.store.model_registry.sqlalchemy_store).
/// </summary>
internal sealed class SqliteModelVersions(SqliteRegistryAccess access) : IModelVersions
{
    private static readonly Regex Model = new(
        @"^models:/+(?:(?<name>[^/@]+)/(?<version>[0-9]{1,18})|(?<id>[^/@]+))\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    /// <inheritdoc/>
    public Task<ModelVersion> GetAsync(string name, long version, CancellationToken cancellationToken) =>
        access.ReadAsync((_, rows) => rows.Version(name, version), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<ModelVersion>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        int offset = OffsetToken.Offset(pageToken, maxResults);
        return access.ReadAsync(
            (session, rows) =>
            {
                SqliteModelFilter parsed = SqliteModelFilter.Parse(filter, Fields(session.Schema));
                return OffsetToken.FromOneMore(
                    rows.Versions(
                        $"{parsed.Sql}{parsed.WithoutPrompts("model_version_tags", "v", session.Schema)} "
                        + "ORDER BY v.version DESC, v.name LIMIT $limit OFFSET $offset",
                        [.. parsed.Parameters, ("$limit", maxResults + 1), ("$offset", offset)]),
                    offset, maxResults);
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ModelVersion> CreateAsync(NewModelVersion version, CancellationToken cancellationToken)
    {
        // The source of a prompt is a placeholder, not a location.
        if (!version.Tags.Any(ModelFilter.IsPrompt))
            RegistryRules.CheckSource(version.Source);
        return access.ChangeAsync((session, rows) => Create(session, rows, version), cancellationToken);
    }

    /// <inheritdoc/>
    public Task DescribeAsync(string name, long version, string description, CancellationToken cancellationToken) =>
        ChangeAsync(name, version, "description = $value, last_updated_time = $now", cancellationToken, ("$value", description));

    /// <inheritdoc/>
    public Task MoveAsync(string name, long version, string stage, bool archiveOthers, CancellationToken cancellationToken)
    {
        string canonical = RegistryRules.Stage(stage, archiveOthers);
        return access.ChangeAsync(
            (session, rows) =>
            {
                rows.ThrowIfMissing(name, version);
                (string, object?)[] values =
                    [("$name", name), ("$version", version), ("$stage", canonical), ("$now", SqliteRegistryAccess.Now())];
                if (archiveOthers)
                {
                    session.Execute(
                        "UPDATE model_versions AS v SET current_stage = 'Archived', last_updated_time = $now WHERE v.name = $name "
                        + $"AND v.version <> $version AND v.current_stage = $stage{session.Schema.AndInWorkspace("v")}", values);
                }

                Update(session, "current_stage = $stage, last_updated_time = $now", values);
                TouchModel(session, values);
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task SetTagAsync(string name, long version, Tag tag, CancellationToken cancellationToken) => access.ChangeAsync(
        (session, rows) =>
        {
            rows.ThrowIfMissing(name, version);
            SetTag(session, name, version, tag);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string name, long version, string key, CancellationToken cancellationToken)
    {
        StoreLimits.Mlflow.CheckKeys("tag", [key]);
        return access.ChangeAsync(
            (session, rows) =>
            {
                rows.ThrowIfMissing(name, version);
                session.Execute(
                    "DELETE FROM model_version_tags AS t WHERE t.name = $name AND t.version = $version AND t.key = $key"
                    + session.Schema.AndInWorkspace("t"),
                    ("$name", name), ("$version", version), ("$key", key));
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, long version, CancellationToken cancellationToken) => access.ChangeAsync(
        (session, rows) =>
        {
            rows.ThrowIfMissing(name, version);
            (string, object?)[] values = [("$name", name), ("$version", version), ("$now", SqliteRegistryAccess.Now())];
            session.Execute(
                "DELETE FROM registered_model_aliases AS a WHERE a.name = $name AND a.version = $version"
                + session.Schema.AndInWorkspace("a"), values);
            // As in MLflow, the row stays and keeps the number, but its content is removed.
            Update(
                session,
                $"current_stage = '{ModelVersion.DeletedStage}', last_updated_time = $now, description = NULL, user_id = NULL, "
                + "source = 'REDACTED-SOURCE-PATH', run_id = 'REDACTED-RUN-ID', run_link = 'REDACTED-RUN-LINK', status_message = NULL",
                values);
            TouchModel(session, values);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<string> GetArtifactUriAsync(string name, long version, CancellationToken cancellationToken) =>
        access.ReadAsync((session, rows) => Location(session, rows, name, version), cancellationToken);

    private static ModelVersion Create(SqliteSession session, SqliteModelRows rows, NewModelVersion version)
    {
        rows.ThrowIfMissing(version.Name);
        string location = version.Source;
        string? runId = NullIfEmpty(version.RunId), modelId = NullIfEmpty(version.ModelId);
        Match source = Model.Match(version.Source);
        if (source.Groups["version"] is { Success: true } number)
            location = Location(session, rows, source.Groups["name"].Value, long.Parse(number.Value, CultureInfo.InvariantCulture));
        else if (source.Success)
            modelId ??= source.Groups["id"].Value;
        LoggedModel? logged = modelId is null ? null : SqliteLoggedModels.Get(session, rows.TrackingUri, modelId);
        if (logged is not null)
        {
            location = source.Groups["id"].Success ? logged.ArtifactUri : location;
            runId ??= NullIfEmpty(logged.RunId);
        }

        // Removed versions count, so that no number is used twice.
        long next = 1 + session.First(
            $"SELECT COALESCE(MAX(v.version), 0) FROM model_versions v WHERE v.name = $name{session.Schema.AndInWorkspace("v")}",
            row => row.GetInt64(0), ("$name", version.Name));
        (string, object?)[] values =
        [
            ("$name", version.Name), ("$version", next), ("$now", SqliteRegistryAccess.Now()), ("$description", version.Description),
            ("$source", version.Source), ("$location", location), ("$run", runId),
        ];
        session.Execute(
            "INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, current_stage, source, "
            + "run_id, status, storage_location) "
            + "VALUES ($name, $version, $now, $now, $description, 'None', $source, $run, 'READY', $location)",
            values);
        TouchModel(session, values);
        foreach (Tag tag in version.Tags)
            SetTag(session, version.Name, next, tag);
        if (logged is not null && logged.ModelId == version.ModelId)
            SqliteLoggedModels.NoteVersion(session, logged, version.Name, next);
        return rows.Version(version.Name, next);
    }

    private Task ChangeAsync(
        string name, long version, string change, CancellationToken cancellationToken, params (string Name, object? Value)[] values) =>
        access.ChangeAsync(
            (session, rows) =>
            {
                rows.ThrowIfMissing(name, version);
                Update(session, change, [.. values, ("$name", name), ("$version", version), ("$now", SqliteRegistryAccess.Now())]);
            }, cancellationToken);

    private static void Update(SqliteSession session, string change, (string Name, object? Value)[] values) => session.Execute(
        $"UPDATE model_versions AS v SET {change} WHERE v.name = $name AND v.version = $version{session.Schema.AndInWorkspace("v")}",
        values);

    private static void TouchModel(SqliteSession session, (string Name, object? Value)[] values) => session.Execute(
        $"UPDATE registered_models AS m SET last_updated_time = $now WHERE m.name = $name{session.Schema.AndInWorkspace("m")}", values);

    /// <summary>Writes a tag and replaces an existing one.</summary>
    public static void SetTag(SqliteSession session, string name, long version, Tag tag)
    {
        SqliteRegistryAccess.CheckTag(session, tag);
        session.Execute(
            "INSERT OR REPLACE INTO model_version_tags (key, value, name, version) VALUES ($key, $value, $name, $version)",
            ("$key", tag.Key), ("$value", tag.Value), ("$name", name), ("$version", version));
    }

    private static string Location(SqliteSession session, SqliteModelRows rows, string name, long version)
    {
        rows.ThrowIfMissing(name, version);
        return session.First(
            "SELECT COALESCE(NULLIF(v.storage_location, ''), v.source, '') FROM model_versions v WHERE v.name = $name "
            + $"AND v.version = $version{session.Schema.AndInWorkspace("v")}",
            row => row.GetString(0), ("$name", name), ("$version", version))!;
    }

    private static string? NullIfEmpty(string? text) => text is { Length: > 0 } ? text : null;

    private static SqliteModelFields Fields(SqliteSchema schema)
    {
        var tags = new SqliteModelTable(
            "model_version_tags", $"t.name = v.name AND t.version = v.version{schema.AndInWorkspace("t")}", "t.key",
            new SqliteModelField("t.value"));
        var attributes = new Dictionary<string, SqliteModelField>
        {
            ["name"] = new("v.name"),
            ["version_number"] = new("v.version", IsNumber: true),
            ["run_id"] = new("v.run_id", TakesList: true),
            ["source_path"] = new("v.source"),
        };
        return new SqliteModelFields(attributes, new Dictionary<string, SqliteModelTable> { ["tags"] = tags, ["tag"] = tags });
    }
}
