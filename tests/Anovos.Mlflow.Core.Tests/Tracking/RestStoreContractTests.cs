using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>The REST store against the test server in each of its versions.</summary>
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

    [Fact]
    public async Task A_500_that_says_the_request_is_wrong_is_not_sent_again()
    {
        string id = await NewExperiment();
        await Store.MoveExperimentAsync(id, LifecycleStage.Deleted, default);

        await Fails(ErrorKind.InvalidValue, () => Store.RenameExperimentAsync(id, Fresh("x"), default));

        Assert.Equal(500, Assert.Single(_server!.Requests, request => request.Path.EndsWith("experiments/update", StringComparison.Ordinal)).Status);
    }

    protected override ITrackingStore CreateStore() => new RestStore(_server!.Uri, new ConnectionOptions());
}

public sealed class RestStoreOn217Tests() : RestStoreContractTests(MlflowVersion.V2_17, "");

public sealed class RestStoreOn311Tests() : RestStoreContractTests(MlflowVersion.V3_11, "");

public sealed class RestStoreOn317Tests() : RestStoreContractTests(MlflowVersion.V3_17, "");

public sealed class RestStoreBehindAPrefixTests() : RestStoreContractTests(MlflowVersion.V3_11, "/tools/mlflow");
