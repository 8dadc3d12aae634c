namespace Anovos.Mlflow.Tracking;

/// <summary>The aliases of registered models in an MLflow database (mlflow.store.model_registry.sqlalchemy_store).</summary>
internal sealed class SqliteModelAliases(SqliteRegistryAccess access) : IModelAliases
{
    /// <inheritdoc/>
    public Task<ModelVersion> GetAsync(string name, string alias, CancellationToken cancellationToken) =>
        access.ReadAsync((_, rows) => rows.Aliased(name, alias), cancellationToken);

    /// <inheritdoc/>
    public Task SetAsync(string name, string alias, long version, CancellationToken cancellationToken)
    {
        RegistryRules.CheckAlias(alias);
        return access.ChangeAsync(
            (session, rows) =>
            {
                rows.ThrowIfMissing(name, version);
                session.Execute(
                    "INSERT OR REPLACE INTO registered_model_aliases (alias, version, name) VALUES ($alias, $version, $name)",
                    ("$alias", alias), ("$version", version), ("$name", name));
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, string alias, CancellationToken cancellationToken) => access.ChangeAsync(
        (session, rows) =>
        {
            rows.ThrowIfMissing(name);
            session.Execute(
                "DELETE FROM registered_model_aliases AS a WHERE a.name = $name AND a.alias = $alias" + session.Schema.AndInWorkspace("a"),
                ("$name", name), ("$alias", alias));
        }, cancellationToken);
}
