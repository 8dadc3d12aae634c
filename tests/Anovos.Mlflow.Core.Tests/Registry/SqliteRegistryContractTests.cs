using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>The registry in a database.</summary>
public abstract class RegistryInADatabase : RegistryContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private protected abstract string CreateDatabase(TemporaryFolder folder);

    protected override ITrackingStore CreateStore() => new SqliteStore(CreateDatabase(_folder));

    public new void Dispose()
    {
        base.Dispose();
        _folder.Dispose();
    }
}

/// <summary>One that this client creates.</summary>
public sealed class RegistryInANewDatabaseTests : RegistryInADatabase
{
    private protected override string CreateDatabase(TemporaryFolder folder) => folder.Below("größe a#b", "mlflow.db");
}

/// <summary>One of MLflow 2.17.</summary>
public sealed class RegistryInADatabaseOf217Tests : RegistryInADatabase
{
    private protected override string CreateDatabase(TemporaryFolder folder) => SharedMaterial.Database(folder, "2.17.2");
}

/// <summary>One of MLflow 3.17, with workspaces in its keys.</summary>
public sealed class RegistryInADatabaseOf317Tests : RegistryInADatabase
{
    private protected override string CreateDatabase(TemporaryFolder folder) => SharedMaterial.Database(folder, "3.17.2");
}
