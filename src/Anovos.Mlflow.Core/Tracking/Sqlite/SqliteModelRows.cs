using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads registered models and their versions. In SQL, the alias of a model is <c>m</c>, and that of a version <c>v</c>.</summary>
internal sealed class SqliteModelRows(SqliteSession session, string trackingUri)
{
    /// <summary>The URI of the database.</summary>
    public string TrackingUri => trackingUri;

    /// <summary>Whether a model with that name exists.</summary>
    public bool Exists(string name) => session.First(
        $"SELECT 1 FROM registered_models m WHERE m.name = $name{InWorkspace("m")}", _ => true, ("$name", name));

    /// <summary>Throws if no model with that name exists.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    public void ThrowIfMissing(string name)
    {
        if (!Exists(name))
            throw NoModel(name, ErrorKind.ModelNotFound);
    }

    /// <summary>Throws if no version with that number exists.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/></exception>
    public void ThrowIfMissing(string name, long version)
    {
        bool exists = session.First(
            $"SELECT 1 FROM model_versions v WHERE v.name = $name AND v.version = $version AND v.current_stage <> $deleted"
            + InWorkspace("v"),
            _ => true, ("$name", name), ("$version", version), ("$deleted", ModelVersion.DeletedStage));
        if (!exists)
            throw NoVersion(name, version);
    }

    /// <summary>Returns the model with that name.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    public RegisteredModel Model(string name) =>
        Models(" AND m.name = $name", ("$name", name)).FirstOrDefault() ?? throw NoModel(name, ErrorKind.ModelNotFound);

    /// <summary>Returns the version with that number.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/></exception>
    public ModelVersion Version(string name, long version) =>
        Versions(" AND v.name = $name AND v.version = $version", ("$name", name), ("$version", version)).FirstOrDefault()
        ?? throw NoVersion(name, version);

    /// <summary>Returns the version that an alias points to.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/></exception>
    public ModelVersion Aliased(string name, string alias)
    {
        if (!Exists(name))
            throw NoModel(name, ErrorKind.ModelVersionNotFound);
        bool isLatest = alias.Equals(RegistryRules.Latest, StringComparison.OrdinalIgnoreCase);
        string version = isLatest
            ? $"(SELECT MAX(o.version) FROM model_versions o WHERE o.name = $name AND o.current_stage <> $deleted{InWorkspace("o")})"
            : $"(SELECT a.version FROM registered_model_aliases a WHERE a.name = $name AND a.alias = $alias{InWorkspace("a")})";
        return Versions($" AND v.name = $name AND v.version = {version}", ("$name", name), ("$alias", alias)).FirstOrDefault()
            ?? throw new MlflowException(ErrorKind.ModelVersionNotFound, RegistryErrors.NoAlias(name, alias)) { Target = alias };
    }

    /// <summary>Returns the models that match.</summary>
    /// <param name="rest">The rest of the query after <c>WHERE</c>: conditions that start with <c>AND</c>, order and limit.</param>
    /// <param name="parameters">The parameter values of the query.</param>
    public List<RegisteredModel> Models(string rest, params (string Name, object? Value)[] parameters)
    {
        string from = $"FROM registered_models m WHERE 1{InWorkspace("m")}{rest}", page = $"SELECT m.* {from}";
        var tags = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        session.Read(
            $"SELECT t.name, t.key, t.value FROM ({page}) p JOIN registered_model_tags t ON t.name = p.name{InWorkspace("t")}",
            row => Of(tags, row.GetString(0))[row.GetString(1)] = SqliteValues.Text(row, 2), parameters);
        var aliases = new Dictionary<string, Dictionary<string, long>>(StringComparer.Ordinal);
        session.Read(
            $"SELECT a.name, a.alias, a.version FROM ({page}) p JOIN registered_model_aliases a ON a.name = p.name{InWorkspace("a")} "
            + "ORDER BY a.alias",
            row => Of(aliases, row.GetString(0))[row.GetString(1)] = row.GetInt64(2), parameters);
        ILookup<string, ModelVersion> latest = Versions(
            " AND (v.name, v.version) IN (SELECT o.name, MAX(o.version) FROM model_versions o "
            + $"WHERE o.name IN (SELECT p.name FROM ({page}) p) AND o.current_stage <> $deleted{InWorkspace("o")} "
            + "GROUP BY o.name, o.current_stage) ORDER BY v.version",
            parameters).ToLookup(version => version.Name, StringComparer.Ordinal);
        return session.Query(
            $"SELECT m.name, m.description, m.creation_time, m.last_updated_time {from}",
            row => new RegisteredModel
            {
                Name = row.GetString(0),
                Description = SqliteValues.Text(row, 1),
                CreationTime = SqliteValues.Time(row, 2),
                LastUpdateTime = SqliteValues.Time(row, 3),
                LatestVersions = [.. latest[row.GetString(0)]],
                Aliases = Of(aliases, row.GetString(0)),
                Tags = Of(tags, row.GetString(0)),
                TrackingUri = trackingUri,
            }, parameters);
    }

    /// <summary>Returns the versions that match, without removed ones.</summary>
    /// <param name="rest">The rest of the query after <c>WHERE</c>: conditions that start with <c>AND</c>, order and limit.</param>
    /// <param name="parameters">The parameter values of the query.</param>
    public List<ModelVersion> Versions(string rest, params (string Name, object? Value)[] parameters) =>
        ReadVersions("v.current_stage <> $deleted", rest, [.. parameters, ("$deleted", ModelVersion.DeletedStage)]);

    /// <summary>Returns the versions of a model, ordered by number, including removed ones.</summary>
    public List<ModelVersion> AllVersions(string name) => ReadVersions("v.name = $name", " ORDER BY v.version", [("$name", name)]);

    private List<ModelVersion> ReadVersions(string condition, string rest, (string Name, object? Value)[] parameters)
    {
        string from = $"FROM model_versions v WHERE {condition}{InWorkspace("v")}{rest}", page = $"SELECT v.* {from}";
        var tags = new Dictionary<(string, long), Dictionary<string, string>>();
        session.Read(
            $"SELECT t.name, t.version, t.key, t.value FROM ({page}) p JOIN model_version_tags t ON t.name = p.name "
            + $"AND t.version = p.version{InWorkspace("t")}",
            row => Of(tags, (row.GetString(0), row.GetInt64(1)))[row.GetString(2)] = SqliteValues.Text(row, 3), parameters);
        var aliases = new Dictionary<(string, long), List<string>>();
        session.Read(
            $"SELECT a.name, a.version, a.alias FROM ({page}) p JOIN registered_model_aliases a ON a.name = p.name "
            + $"AND a.version = p.version{InWorkspace("a")} ORDER BY a.alias",
            row => Of(aliases, (row.GetString(0), row.GetInt64(1))).Add(row.GetString(2)), parameters);
        return session.Query(
            "SELECT v.name, v.version, v.current_stage, v.status, v.status_message, v.description, v.source, v.run_id, v.user_id, "
            + $"v.creation_time, v.last_updated_time, v.run_link, v.storage_location {from}",
            row => new ModelVersion
            {
                Name = row.GetString(0),
                Version = row.GetInt64(1),
                Stage = row.GetString(2),
                Status = SqliteValues.Text(row, 3),
                StatusMessage = SqliteValues.Text(row, 4),
                Description = SqliteValues.Text(row, 5),
                Source = SqliteValues.Text(row, 6),
                RunId = SqliteValues.Text(row, 7),
                UserId = SqliteValues.Text(row, 8),
                CreationTime = SqliteValues.Time(row, 9),
                LastUpdateTime = SqliteValues.Time(row, 10),
                RunLink = SqliteValues.Text(row, 11),
                StorageLocation = SqliteValues.Text(row, 12),
                Tags = Of(tags, (row.GetString(0), row.GetInt64(1))),
                Aliases = Of(aliases, (row.GetString(0), row.GetInt64(1))),
                TrackingUri = trackingUri,
            }, parameters);
    }

    private string InWorkspace(string alias) => session.Schema.AndInWorkspace(alias);

    private MlflowException NoModel(string name, ErrorKind kind) =>
        new(kind, RegistryErrors.NoModel(name, trackingUri)) { Target = name };

    private MlflowException NoVersion(string name, long version) =>
        new(ErrorKind.ModelVersionNotFound, RegistryErrors.NoVersion(name, version, trackingUri))
        {
            Target = $"models:/{name}/{version.ToString(CultureInfo.InvariantCulture)}",
        };

    private static TValue Of<TKey, TValue>(Dictionary<TKey, TValue> values, TKey key)
        where TKey : notnull
        where TValue : new()
    {
        if (!values.TryGetValue(key, out TValue? value))
            values[key] = value = new TValue();
        return value;
    }
}
