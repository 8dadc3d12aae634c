using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public sealed class SqliteStoreContractTests : RunSearchContract
{
    private readonly TemporaryFolder _folder = new();

    protected override ITrackingStore CreateStore() => new SqliteStore(_folder.Below(OperatingSystem.IsWindows() ? "größe a#b" : "größe a#b?", "mlflow 'x'.db"));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _folder.Dispose();
    }
}
