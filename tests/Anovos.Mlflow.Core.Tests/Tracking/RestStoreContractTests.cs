using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>The REST store against the test server in both its versions.</summary>
public abstract class RestStoreContractTests(MlflowVersion version, string prefix) : TrackingStoreContract, IAsyncLifetime
{
    private TrackingServer? _server;

    public async ValueTask InitializeAsync() =>
        _server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = version, PathPrefix = prefix });

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _server!.DisposeAsync();
    }

    protected override ITrackingStore CreateStore() => new RestStore(_server!.Uri, new ConnectionOptions());
}

public sealed class RestStoreOn217Tests() : RestStoreContractTests(MlflowVersion.V2_17, "");

public sealed class RestStoreOn311Tests() : RestStoreContractTests(MlflowVersion.V3_11, "");

public sealed class RestStoreBehindAPrefixTests() : RestStoreContractTests(MlflowVersion.V3_11, "/tools/mlflow");

/// <summary>The REST store against a real MLflow server, where <c>ANOVOS_TEST_TRACKING_URI</c> names one.</summary>
public sealed class RestStoreOnARealServerTests : RunSearchContract
{
    protected override ITrackingStore CreateStore()
    {
        string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_TRACKING_URI");
        Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_TRACKING_URI names no MLflow server");
        TrackingTarget target = TrackingTarget.Parse(uri!, "/");
        return TrackingStores.Open(target, target.Complete(ConnectionOptions.FromEnvironment(Environment.GetEnvironmentVariable, home: null), Environment.GetEnvironmentVariable, home: null));
    }
}
