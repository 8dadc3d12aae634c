using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
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

    protected TrackingServer Server => _server!;

    protected override ITrackingStore CreateTarget() => new RestStore(
        _server!.Uri, new ConnectionOptions { Retry = new RetryPolicy { BackoffFactor = 0.001, Jitter = 0.001 } });
}

public sealed class ModelCopyTo311Tests() : ModelCopyToServerTests(MlflowVersion.V3_11)
{
    [Fact]
    public async Task Nothing_is_there_twice_after_lost_responses()
    {
        string[] endpoints = ["logged-models", "runs/outputs", "runs/log-batch", "registered-models/create", "model-versions/create"];
        foreach (string endpoint in endpoints)
            Server.Faults.Add("POST", $"*{endpoint}", Faults.CloseAfter);
        Server.Faults.Add("PATCH", "*logged-models/*", Faults.CloseAfter);

        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);
        CopiedModel copied = await Move.RegisterAsync();

        Assert.Equal(new CopiedModel(4, 4, 1), copied);
        string experiment = Move.Runs[FolderWithModels.Parent].ExperimentId;
        Assert.Equal(2, (await Registry.Logged.SearchAsync([experiment], null, 100, null, default)).Items.Count);
        Assert.Equal(4, (await VersionsAsync()).Count);
        Assert.Single(Move.Runs[FolderWithModels.Parent].Models.Outputs);
    }

    [Fact]
    public async Task A_database_gets_the_models_of_a_server()
    {
        await Move.CopyAsync(FolderWithModels.Parent, FolderWithModels.Child);
        await Move.RegisterAsync();
        using var database = new SqliteStore(Path.Combine(Folder, "second.db"));
        var second = new ModelMove(Target, Source.ExperimentName, Source.ModelName, database);

        await second.CopyAsync([.. Move.Runs.Values.Select(run => run.RunId)]);
        CopiedModel copied = await second.RegisterAsync();

        Assert.Empty(second.LeftOut);
        Assert.Equal((2, 2, 3), (second.Sum.Models, second.Sum.Files, second.Sum.Points));
        Assert.Equal(new CopiedModel(4, 4, 1), copied);
        Assert.Equal(new CopiedModel(0, 4, 0), await second.RegisterAsync());
        await Move.RegisterAsync(Source.PromptName);
        Assert.Equal(new CopiedModel(1, 1, 1), await second.RegisterAsync(Source.PromptName));
        Assert.Equal(new CopiedModel(0, 1, 0), await second.RegisterAsync(Source.PromptName));
        Run child = second.Runs[Move.Runs[FolderWithModels.Child].RunId];
        LoggedModel model = (await second.Models!.FindAsync((await CopyOfAsync(FolderWithModels.Second)).ModelId, default))!;
        Assert.Equal([new ModelOutput(model.ModelId, 7)], child.Models.Outputs);
        Assert.Equal(child.RunId, model.RunId);
    }
}

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

        await AssertLeftOutAsync(target, "which MLflow 3.0 introduced");
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

        await AssertLeftOutAsync(target, "logged models are not written to folders");
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
