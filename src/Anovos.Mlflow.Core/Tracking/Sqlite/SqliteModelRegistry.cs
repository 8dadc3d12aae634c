namespace Anovos.Mlflow.Tracking;

/// <summary>The model registry in an MLflow database.</summary>
internal sealed class SqliteModelRegistry(SqliteDatabase database) : IKeepsModels
{
    private readonly SqliteRegistryAccess _access = new(database);

    /// <inheritdoc/>
    public string TrackingUri => database.Uri;

    /// <inheritdoc/>
    public IRegisteredModels Models { get; } = new SqliteRegisteredModels(new SqliteRegistryAccess(database));

    /// <inheritdoc/>
    public IModelVersions Versions { get; } = new SqliteModelVersions(new SqliteRegistryAccess(database));

    /// <inheritdoc/>
    public IModelAliases Aliases { get; } = new SqliteModelAliases(new SqliteRegistryAccess(database));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ModelVersion>> ListAllAsync(string name, CancellationToken cancellationToken) =>
        _access.ReadAsync<IReadOnlyList<ModelVersion>>(
            (_, rows) =>
            {
                rows.ThrowIfMissing(name);
                return rows.AllVersions(name);
            }, cancellationToken);

    /// <inheritdoc/>
    public async Task KeepModelAsync(RegisteredModel model, CancellationToken cancellationToken)
    {
        RegistryRules.CheckName(model.Name);
        await AddLongTagsAsync(model.Tags.Values, cancellationToken).ConfigureAwait(false);
        await _access.AddAsync(
            (session, rows) =>
            {
                SqliteKeptModels.Keep(session, model, rows.Exists(model.Name));
                return 0;
            }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task KeepVersionAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        await AddLongTagsAsync(version.Tags.Values, cancellationToken).ConfigureAwait(false);
        await _access.ChangeAsync(
            (session, rows) =>
            {
                rows.ThrowIfMissing(version.Name);
                SqliteKeptModels.Keep(session, version, rows.AllVersions(version.Name).Find(one => one.Version == version.Version));
            }, cancellationToken).ConfigureAwait(false);
    }

    // The tables of MLflow 2 only hold shorter tags.
    private Task AddLongTagsAsync(IEnumerable<string> values, CancellationToken cancellationToken) =>
        values.Any(value => value.Length > SqliteSchema.OldRegistryTagValueLength)
            ? database.AddLoggedModelsAsync(cancellationToken)
            : Task.CompletedTask;
}

/// <summary>Runs the operations of a registry in transactions.</summary>
internal sealed class SqliteRegistryAccess(SqliteDatabase database)
{
    /// <summary>Runs a read.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteSession, SqliteModelRows, T> work, CancellationToken cancellationToken) =>
        database.ReadAsync(session => work(session, Rows(session)), cancellationToken);

    /// <summary>Adds a model. A file that does not exist is created.</summary>
    public Task<T> AddAsync<T>(Func<SqliteSession, SqliteModelRows, T> work, CancellationToken cancellationToken) =>
        database.WriteAsync(session => work(session, Rows(session)), cancellationToken);

    /// <summary>Changes existing data. A file that does not exist has no models, and it is not created.</summary>
    public Task<T> ChangeAsync<T>(Func<SqliteSession, SqliteModelRows, T> work, CancellationToken cancellationToken) =>
        database.Exists ? AddAsync(work, cancellationToken) : ReadAsync(work, cancellationToken);

    /// <inheritdoc cref="ChangeAsync{T}"/>
    public Task ChangeAsync(Action<SqliteSession, SqliteModelRows> work, CancellationToken cancellationToken) => ChangeAsync<object?>(
        (session, rows) =>
        {
            work(session, rows);
            return null;
        }, cancellationToken);

    /// <summary>Throws for a tag that this database's version of MLflow would refuse.</summary>
    public static void CheckTag(SqliteSession session, Tag tag) => RegistryRules.CheckTag(tag, session.Schema.RegistryTagValueLength);

    /// <summary>Returns the current time in the form of the database.</summary>
    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private SqliteModelRows Rows(SqliteSession session) => new(session, database.Uri);
}
