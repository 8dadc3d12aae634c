namespace Anovos.Mlflow.Tracking;

/// <summary>Reads and writes the registered models of an MLflow database (mlflow.store.model_registry.sqlalchemy_store).</summary>
internal sealed class SqliteRegisteredModels(SqliteRegistryAccess access) : IRegisteredModels
{
    /// <inheritdoc/>
    public Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken) =>
        access.ReadAsync((_, rows) => rows.Model(name), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<RegisteredModel>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        int offset = OffsetToken.Offset(pageToken, maxResults);
        return access.ReadAsync(
            (session, rows) =>
            {
                SqliteModelFilter parsed = SqliteModelFilter.Parse(filter, Fields(session.Schema));
                return OffsetToken.FromOneMore(
                    rows.Models(
                        $"{parsed.Sql}{parsed.WithoutPrompts("registered_model_tags", "m", session.Schema)} "
                        + "ORDER BY m.name LIMIT $limit OFFSET $offset",
                        [.. parsed.Parameters, ("$limit", maxResults + 1), ("$offset", offset)]),
                    offset, maxResults);
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RegisteredModel> CreateAsync(string name, string? description, IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        RegistryRules.CheckName(name);
        return access.AddAsync(
            (session, rows) =>
            {
                ThrowIfTaken(rows, name);
                session.Execute(
                    "INSERT INTO registered_models (name, creation_time, last_updated_time, description) "
                    + "VALUES ($name, $now, $now, $description)",
                    ("$name", name), ("$now", SqliteRegistryAccess.Now()), ("$description", description));
                foreach (Tag tag in tags)
                    SetTag(session, name, tag);
                return rows.Model(name);
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RegisteredModel> DescribeAsync(string name, string description, CancellationToken cancellationToken) => access.ChangeAsync(
        (session, rows) =>
        {
            rows.ThrowIfMissing(name);
            session.Execute(
                "UPDATE registered_models AS m SET description = $description, last_updated_time = $now "
                + $"WHERE m.name = $name{session.Schema.AndInWorkspace("m")}",
                ("$description", description), ("$now", SqliteRegistryAccess.Now()), ("$name", name));
            return rows.Model(name);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<RegisteredModel> RenameAsync(string name, string newName, CancellationToken cancellationToken)
    {
        RegistryRules.CheckName(newName);
        return access.ChangeAsync(
            (session, rows) =>
            {
                rows.ThrowIfMissing(name);
                if (newName != name)
                    ThrowIfTaken(rows, newName);
                (string, object?)[] values = [("$name", name), ("$new", newName), ("$now", SqliteRegistryAccess.Now())];
                // The foreign keys pass the new name on to versions, tags and aliases.
                session.Execute(
                    "UPDATE registered_models AS m SET name = $new, last_updated_time = $now "
                    + $"WHERE m.name = $name{session.Schema.AndInWorkspace("m")}", values);
                session.Execute(
                    $"UPDATE model_versions AS v SET last_updated_time = $now WHERE v.name = $new{session.Schema.AndInWorkspace("v")}",
                    values);
                return rows.Model(newName);
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) => access.ChangeAsync(
        (session, rows) =>
        {
            rows.ThrowIfMissing(name);
            // Tables that refer to another table come before that table.
            string[] tables =
                ["model_version_tags", "model_versions", "registered_model_tags", "registered_model_aliases", "registered_models"];
            foreach (string table in tables)
                session.Execute($"DELETE FROM {table} AS x WHERE x.name = $name{session.Schema.AndInWorkspace("x")}", ("$name", name));
        }, cancellationToken);

    /// <inheritdoc/>
    public Task SetTagAsync(string name, Tag tag, CancellationToken cancellationToken) => access.ChangeAsync(
        (session, rows) =>
        {
            rows.ThrowIfMissing(name);
            SetTag(session, name, tag);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string name, string key, CancellationToken cancellationToken)
    {
        StoreLimits.Mlflow.CheckKeys("tag", [key]);
        return access.ChangeAsync(
            (session, rows) =>
            {
                rows.ThrowIfMissing(name);
                session.Execute(
                    $"DELETE FROM registered_model_tags AS t WHERE t.name = $name AND t.key = $key{session.Schema.AndInWorkspace("t")}",
                    ("$name", name), ("$key", key));
            }, cancellationToken);
    }

    /// <summary>Writes a tag and replaces an existing one.</summary>
    public static void SetTag(SqliteSession session, string name, Tag tag)
    {
        SqliteRegistryAccess.CheckTag(session, tag);
        session.Execute(
            "INSERT OR REPLACE INTO registered_model_tags (key, value, name) VALUES ($key, $value, $name)",
            ("$key", tag.Key), ("$value", tag.Value), ("$name", name));
    }

    private static void ThrowIfTaken(SqliteModelRows rows, string name)
    {
        if (rows.Exists(name))
            throw new MlflowException(ErrorKind.ModelExists, RegistryErrors.ModelExists(name, rows.TrackingUri)) { Target = name };
    }

    private static SqliteModelFields Fields(SqliteSchema schema)
    {
        var tags = new SqliteModelTable(
            "registered_model_tags", $"t.name = m.name{schema.AndInWorkspace("t")}", "t.key", new SqliteModelField("t.value"));
        return new SqliteModelFields(
            new Dictionary<string, SqliteModelField> { ["name"] = new("m.name") },
            new Dictionary<string, SqliteModelTable> { ["tags"] = tags, ["tag"] = tags });
    }
}
