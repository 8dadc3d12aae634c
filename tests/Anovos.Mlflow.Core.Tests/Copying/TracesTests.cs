using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Traces are not copied, and it is said.</summary>
public sealed class TracesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _leftOut = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Traces_in_a_folder_are_counted()
    {
        var source = new FolderWithModels(_folder);
        Experiment experiment = await source.Store.GetExperimentAsync(FolderWithModels.Experiment, default);
        await ReportAsync(source.Store, experiment);
        Assert.Empty(_leftOut);
        foreach (string id in new[] { "tr-1", "tr-2" })
        {
            string trace = _folder.Below("mlruns", FolderWithModels.Experiment, "traces", id);
            Directory.CreateDirectory(trace);
            await File.WriteAllTextAsync(Path.Combine(trace, "trace_info.yaml"), $"trace_id: {id}\n");
        }

        await ReportAsync(source.Store, experiment);

        Assert.Equal([$"Trace {source.ExperimentName}: The experiment has 2 traces. Traces are not copied."], _leftOut);
    }

    [Theory]
    [InlineData("3.11.1")]
    [InlineData("2.17.2")]
    public async Task Traces_in_a_database_are_counted(string release)
    {
        using var store = new SqliteStore(SharedMaterial.Database(_folder, release));

        await ReportAsync(store, await store.GetExperimentAsync("0", default));

        Assert.Empty(_leftOut);
    }

    [Theory]
    [InlineData(MlflowVersion.V2_17)]
    [InlineData(MlflowVersion.V3_11)]
    public async Task A_server_without_the_endpoint_has_none(MlflowVersion version)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = version });
        using var store = new RestStore(server.Uri, new ConnectionOptions());

        await ReportAsync(store, await store.GetExperimentAsync("0", default));

        Assert.Empty(_leftOut);
    }

    private Task ReportAsync(ITrackingStore store, Experiment experiment) => Traces.ReportAsync(
        store, experiment, (kind, name, reason) => _leftOut.Add($"{kind} {name}: {reason}"), default);
}
