namespace Anovos.Mlflow.Tracking;

/// <summary>The model registry in an MLflow database.</summary>
internal sealed class SqliteModelRegistry(SqliteDatabase database) : IModelRegistry
{
    /// <inheritdoc/>
    public string TrackingUri => database.Uri;

    /// <inheritdoc/>
    public IRegisteredModels Models { get; } = new SqliteRegisteredModels(new SqliteRegistryAccess(database));

    /// <inheritdoc/>
    public IModelVersions Versions { get; } = new SqliteModelVersions(new SqliteRegistryAccess(database));

    /// <inheritdoc/>
    public IModelAliases Aliases { get; } = new SqliteModelAliases(new SqliteRegistryAccess(database));
}

/// <summary>The transactions of a registry's operations.</summary>
internal sealed class SqliteRegistryAccess(SqliteDatabase database)
{
    /// <summary>Reads.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteSession, SqliteModelRows, T> work, CancellationToken cancellationToken) =>
        database.ReadAsync(session => work(session, Rows(session)), cancellationToken);

    /// <summary>Adds a model. A file that does not exist is created.</summary>
    public Task<T> AddAsync<T>(Func<SqliteSession, SqliteModelRows, T> work, CancellationToken cancellationToken) =>
        database.WriteAsync(session => work(session, Rows(session)), cancellationToken);

    /// <summary>Changes what is there. A file that does not exist has no models, and it is not created.</summary>
    public Task<T> ChangeAsync<T>(Func<SqliteSession, SqliteModelRows, T> work, CancellationToken cancellationToken) =>
        database.Exists ? AddAsync(work, cancellationToken) : ReadAsync(work, cancellationToken);

    /// <inheritdoc cref="ChangeAsync{T}"/>
    public Task ChangeAsync(Action<SqliteSession, SqliteModelRows> work, CancellationToken cancellationToken) => ChangeAsync<object?>(
        (session, rows) =>
        {
            work(session, rows);
            return null;
        }, cancellationToken);

    /// <summary>Throws for a tag that the MLflow of this database would refuse.</summary>
    public static void CheckTag(SqliteSession session, Tag tag) => RegistryRules.CheckTag(tag, session.Schema.RegistryTagValueLength);

    /// <summary>The time now, as the database has it.</summary>
    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private SqliteModelRows Rows(SqliteSession session) => new(session, database.Uri);
}
