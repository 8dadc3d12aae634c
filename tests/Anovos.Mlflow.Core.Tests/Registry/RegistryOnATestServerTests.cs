using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>The registry of the test server in each of its versions.</summary>
public abstract class RegistryOnATestServerTests(MlflowVersion version) : RegistryContract, IAsyncLifetime
{
    private TrackingServer? _server;

    public async ValueTask InitializeAsync() => _server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = version });

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _server!.DisposeAsync();
    }

    protected override ITrackingStore CreateStore() => new RestStore(_server!.Uri, new ConnectionOptions());
}

public sealed class RegistryOn217Tests() : RegistryOnATestServerTests(MlflowVersion.V2_17);

public sealed class RegistryOn311Tests() : RegistryOnATestServerTests(MlflowVersion.V3_11);

public sealed class RegistryOn317Tests() : RegistryOnATestServerTests(MlflowVersion.V3_17);
