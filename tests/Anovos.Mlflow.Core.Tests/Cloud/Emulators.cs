using Anovos.Mlflow.TestServer;
using Azure.Storage.Blobs;

[assembly: AssemblyFixture(typeof(Anovos.Mlflow.Tests.Cloud.Emulators))]

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>The emulators for the tests here; they end with them.</summary>
public sealed class Emulators : IDisposable
{
    private static readonly Lock Making = new();

    /// <summary>The kinds of stores.</summary>
    public static TheoryData<string> Kinds => new("s3", "azure");

    /// <summary>The address of an emulator that has the bucket <c>artifacts</c>; skips the test where it is not installed.</summary>
    public static Uri Require(string kind)
    {
        Uri? address = CloudEmulator.Find(kind);
        Assert.SkipWhen(address is null, CloudEmulator.Missing(kind));
        lock (Making)
        {
            if (kind == "azure")
                new BlobContainerClient(CloudEmulator.Environment(kind, address!).Values.Single(), "artifacts").CreateIfNotExists();
        }

        return address!;
    }

    /// <summary>Makes the store that of this process' environment, too.</summary>
    public static void UseInThisProcess(string kind)
    {
        foreach ((string name, string value) in CloudEmulator.Environment(kind, Require(kind)))
            Environment.SetEnvironmentVariable(name, value);
    }

    public void Dispose() => CloudEmulator.Stop();
}
