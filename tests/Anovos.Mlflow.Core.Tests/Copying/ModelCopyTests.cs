using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Models copied to the test server.</summary>
public abstract class ModelCopyToServerTests(MlflowVersion version) : ModelCopyContract, IAsyncLifetime
{
    private TrackingServer? _server;

    public async ValueTask InitializeAsync() => _server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = version });

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _server!.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override ITrackingStore CreateTarget() => new RestStore(_server!.Uri, new ConnectionOptions());
}

public sealed class ModelCopyTo311Tests() : ModelCopyToServerTests(MlflowVersion.V3_11);

public sealed class ModelCopyTo317Tests() : ModelCopyToServerTests(MlflowVersion.V3_17);

public sealed class ModelCopyToDatabaseTests : ModelCopyContract
{
    protected override ITrackingStore CreateTarget() => new SqliteStore(Path.Combine(Folder, "target.db"));
}

/// <summary>Models copied to a real server of MLflow 3, where <c>ANOVOS_TEST_TRACKING_URI</c> names one.</summary>
public sealed class ModelCopyToARealServerTests : ModelCopyContract
{
    protected override ITrackingStore CreateTarget()
    {
        string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_TRACKING_URI");
        Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_TRACKING_URI names no MLflow server");
        return new RestStore(new Uri(uri!), new ConnectionOptions());
    }
}

/// <summary>Stores without logged models.</summary>
public sealed class ModelCopyToOlderStoresTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderWithModels _source;

    public ModelCopyToOlderStoresTests() => _source = new FolderWithModels(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_server_of_MLflow_2_gets_no_logged_models_and_says_so()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V2_17 });
        using var target = new RestStore(server.Uri, new ConnectionOptions());

        await AssertLeftOutAsync(target, "they came with MLflow 3.0");
    }

    [Fact]
    public async Task A_database_of_MLflow_2_gets_no_logged_models_and_says_so()
    {
        using var target = new SqliteStore(SharedMaterial.Database(_folder, "2.17.2"));

        await AssertLeftOutAsync(target, "the tables of this database are older");
    }

    [Fact]
    public async Task A_folder_gets_no_logged_models_and_says_so()
    {
        using var target = new DirectoryStore(_folder.Below("target"));

        await AssertLeftOutAsync(target, "a folder gets no logged models");
    }

    private async Task AssertLeftOutAsync(ITrackingStore target, string reason)
    {
        var move = new ModelMove(_source, target);

        await move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);

        Assert.Equal(0, move.Sum.Models);
        Assert.Equal(
            ["Model", "Model", "ModelOutput", "ModelInput", "ModelOutput"], move.LeftOut.Select(one => one.Split(' ')[0]));
        Assert.All(move.LeftOut, one => Assert.Contains(reason, one, StringComparison.Ordinal));
    }
}
