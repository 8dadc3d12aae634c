using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Databricks;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>The registry of Unity Catalog: no stages, no filters, and each version has files.</summary>
public sealed class UnityCatalogRegistryContractTests : RegistryContract, IAsyncLifetime
{
    private TrackingServer? _server;

    protected override bool HasStages => false;

    protected override bool HasFilters => false;

    public async ValueTask InitializeAsync() =>
        _server = await TrackingServer.StartAsync(new() { Workspace = new() { UnityCatalog = new() } });

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _server!.DisposeAsync();
    }

    protected override ITrackingStore CreateStore() => CatalogWorkspace.Connect(_server!);

    protected override string NewName() => $"main.ml.größe_{Guid.NewGuid():N}";

    protected override string NewExperiment() => $"/Shared/{Guid.NewGuid():N}";

    protected override Task<string> SourceAsync(string name, string runId) => CatalogWorkspace.SendModelAsync(Store, runId, name);
}

/// <summary>A workspace's stand-in with Unity Catalog, for tests.</summary>
internal static class CatalogWorkspace
{
    /// <summary>The <c>MLmodel</c> of a model with a signature.</summary>
    public const string Signed =
        """
        flavors: {python_function: {loader_module: mlflow.sklearn}}
        signature:
          inputs: '[{"type": "double", "name": "age", "required": true}]'
          outputs: '[{"type": "long", "required": true}]'
        """;

    /// <summary>Connects to the workspace.</summary>
    public static ITrackingStore Connect(TrackingServer server, List<RetryNotice>? retries = null)
    {
        Variables environment = new() { ["DATABRICKS_HOST"] = server.Uri.ToString(), ["DATABRICKS_TOKEN"] = "dapi-personal" };
        TrackingTarget target = TrackingTarget.Parse("databricks", "/");
        ConnectionOptions options = target.Complete(
            ConnectionOptions.FromEnvironment(environment.Read, home: null), environment.Read, home: null) with
        {
            Retry = new RetryPolicy { MaxRetries = 2, BackoffFactor = 0.001, Jitter = 0.001 },
        };
        return TrackingStores.Open(target, options, (retries ?? []).Adder());
    }

    /// <summary>Sends a model to the artifacts of a run. Returns its URI there.</summary>
    public static async Task<string> SendModelAsync(ITrackingStore store, string runId, string name, string mlmodel = Signed)
    {
        Run run = await store.GetRunAsync(runId, default);
        await SendModelAsync(store, run, name, mlmodel);
        return $"{run.ArtifactUri}/{name}";
    }

    /// <summary>Sends a model to a folder of artifacts.</summary>
    public static async Task SendModelAsync(ITrackingStore store, Run run, string name, string mlmodel = Signed)
    {
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        foreach ((string path, string text) in new[] { ("MLmodel", mlmodel), ("data/größe %.bin", name), ("data/empty", "") })
        {
            string file = Path.GetTempFileName();
            File.WriteAllBytes(file, Encoding.UTF8.GetBytes(text));
            await artifacts.SendAsync(new FileInfo(file), ArtifactPath.Join(name, path), _ => { }, default);
            File.Delete(file);
        }
    }
}
