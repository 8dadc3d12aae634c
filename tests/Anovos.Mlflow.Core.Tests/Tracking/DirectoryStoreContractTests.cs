using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public sealed class DirectoryStoreContractTests : RunSearchContract
{
    private readonly TemporaryFolder _folder = new();

    protected override ITrackingStore CreateStore() => new DirectoryStore(_folder.Below("größe a#b", "mlruns"));

    // A file name on Windows cannot hold a colon.
    protected override string OddKey => OperatingSystem.IsWindows() ? "a b_c-d" : base.OddKey;

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _folder.Dispose();
    }
}
