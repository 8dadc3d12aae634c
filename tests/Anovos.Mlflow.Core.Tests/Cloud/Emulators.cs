using Anovos.Mlflow.TestServer;
using Azure.Storage.Blobs;

[assembly: AssemblyFixture(typeof(Anovos.Mlflow.Tests.Cloud.Emulators))]

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>The emulators for these tests. They stop when the tests end.</summary>
public sealed class Emulators : IDisposable
{
    private static readonly Lock Making = new();

    /// <summary>Returns the address of an emulator with the bucket <c>artifacts</c>; skips the test if it is not installed.</summary>
    public static Uri Require(string store)
    {
        Uri? address = CloudEmulator.Find(store);
        Assert.SkipWhen(address is null, CloudEmulator.Missing(store));
        lock (Making)
        {
            if (store == "azurite")
                new BlobContainerClient(CloudStores.Environment(store, address!).Values.Single(), "artifacts").CreateIfNotExists();
        }

        return address!;
    }

    public void Dispose() => CloudEmulator.Stop();
}
