using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>Lost answers and servers that lie: nothing is done twice, and nothing is written beside the model's folder.</summary>
public sealed class RegistryFaultTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private TrackingServer _server = null!;
    private RestStore _store = null!;

    private ModelRegistry Registry => ModelRegistry.Of(_store);

    [Fact]
    public async Task A_version_whose_answer_was_lost_is_not_made_twice()
    {
        _server.Faults.Add("POST", "*registered-models/create", Faults.CloseAfter);
        _server.Faults.Add("POST", "*model-versions/create", Faults.CloseAfter, times: 2);
        ModelVersion made = await Registry.RegisterAsync(new NewModelVersion("m", "s3://b/x"), [], modelExists: false, default);
        Assert.Equal(1, made.Version);
        StoredModel model = Assert.Single(_server.Models);
        Assert.Equal(made.Tags[RestStore.IdempotencyKeyTag], Assert.Single(model.Versions).Tags[RestStore.IdempotencyKeyTag]);

        // Only the request before reached the server, and another one made a version meanwhile.
        _server.Faults.Add("POST", "*model-versions/create", Faults.CloseBefore);
        Assert.Equal(2, (await Registry.Versions.CreateAsync(new NewModelVersion("m", "s3://b/x"), default)).Version);
        Assert.Equal(2, model.Versions.Count);
    }

    [Fact]
    public async Task A_model_that_may_be_missing_or_another_users_is_created_to_see_which()
    {
        // As MLflow 2.17 and 3.11 with basic authentication answer an ordinary user whose default permission is none.
        _server.Faults.Add("GET", "*registered-models/get", Faults.Answer(403, "Permission denied", "text/html"), times: 2);
        Assert.False(await Registry.Models.ExistsAsync("m", default));
        Assert.Equal(1, (await Registry.RegisterAsync(new NewModelVersion("m", "s3://b/x"), [], modelExists: false, default)).Version);

        // Another user's.
        Assert.False(await Registry.Models.ExistsAsync("m", default));
        _server.Faults.Add("POST", "*model-versions/create", Faults.Answer(403, "Permission denied", "text/html"));
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => Registry.RegisterAsync(new NewModelVersion("m", "s3://b/x"), [], modelExists: false, default));
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains(
            "or the model does not exist (403): Permission denied. MLflow with basic authentication returns the same error", e.Message);
    }

    [Fact]
    public async Task What_was_renamed_or_removed_with_a_lost_answer_is_no_error()
    {
        await Registry.RegisterAsync(new NewModelVersion("m", "s3://b/x"), [], modelExists: false, default);
        _server.Faults.Add("POST", "*rename", Faults.CloseAfter);
        Assert.Equal("n", (await Registry.Models.RenameAsync("m", "n", default)).Name);
        _server.Faults.Add("PATCH", "*registered-models/update", Faults.Unavailable());
        Assert.Equal("d", (await Registry.Models.DescribeAsync("n", "d", default)).Description);
        _server.Faults.Add("DELETE", "*model-versions/delete", Faults.CloseAfter);
        await Registry.Versions.DeleteAsync("n", 1, default);
        _server.Faults.Add("DELETE", "*registered-models/delete", Faults.CloseAfter);
        await Registry.Models.DeleteAsync("n", default);
        Assert.Empty(_server.Models);
        Assert.Equal(0, _server.Faults.Pending);
    }

    [Fact]
    public async Task A_model_is_received_from_its_run_with_what_its_file_says()
    {
        ModelVersion version = await RegisterFolderAsync(("MLmodel", ModelFileTests.Whole), ("data/model.bin", "1234"));
        ModelLocation location = await LocateAsync("models:/income@champion");
        Assert.Equal((version.ModelUri, "model"), (location.ModelUri, location.ArtifactPath));
        MlflowModel model = await ReceiveAsync(location);
        Assert.Equal(Path.Combine(_folder.FullPath, "income", "1"), model.Path);
        Assert.Equal(("income", 1L, 2, "models:/income/1"), (model.Name, model.Version, model.Files, model.ModelUri));
        Assert.Equal(4 + Encoding.UTF8.GetByteCount(ModelFileTests.Whole), model.Length);
        Assert.Equal("1234", File.ReadAllText(Path.Combine(model.Path, "data", "model.bin")));
        Assert.Equal("tree", Assert.Contains("sklearn", (IDictionary<string, object?>)model.Flavors) is IDictionary<string, object?> flavor ? flavor["kind"] : null);
    }

    [Fact]
    public async Task A_file_that_comes_short_fails_the_whole_model()
    {
        await RegisterFolderAsync(("MLmodel", "flavors: {}\n"), ("model.bin", "1234"));
        ModelLocation location = await LocateAsync("models:/income/latest");
        _server.Faults.Add("GET", "*model.bin", Faults.Answer(200, "12", "application/octet-stream"), times: 9);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ReceiveAsync(location));
        Assert.Equal(ErrorKind.ArtifactReceiveFailed, e.Kind);
        Assert.Contains("'model.bin'", e.Message);
        Assert.False(File.Exists(Path.Combine(_folder.FullPath, "income", "1", "model.bin")));
    }

    [Theory]
    [InlineData("../../evil")]
    [InlineData("model/../../evil")]
    [InlineData("elsewhere/file")]
    [InlineData("/etc/passwd")]
    public async Task Nothing_is_written_beside_the_models_folder_whatever_the_server_lists(string path)
    {
        await RegisterFolderAsync(("MLmodel", "flavors: {}\n"));
        ModelLocation location = await LocateAsync("models:/income/1");
        _server.Faults.Add("GET", "*mlflow-artifacts/artifacts*", Faults.Answer(200, $$"""{"files": [{"path": "{{path}}", "file_size": 1}]}"""));
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ReceiveAsync(location));
        Assert.Equal(ErrorKind.ArtifactReceiveFailed, e.Kind);
        Assert.Equal(ErrorKind.ArtifactPathInvalid, Assert.IsType<MlflowException>(e.InnerException).Kind);
        Assert.Empty(Directory.GetFiles(_folder.FullPath, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_models_name_leads_out_of_no_folder()
    {
        var location = new ModelLocation("models:/../x/1", ModelLocationRoot(), "")
        {
            Version = new ModelVersion { Name = "../x", Version = 1 },
        };
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ReceiveAsync(location));
        Assert.Equal(ErrorKind.ArtifactPathInvalid, e.Kind);
    }

    [Fact]
    public void A_folder_has_no_registry_and_an_open_Unity_Catalog_is_not_supported()
    {
        using var folder = new DirectoryStore(_folder.FullPath);
        Assert.Equal(ErrorKind.NotSupported, Assert.Throws<MlflowException>(() => ModelRegistry.Of(folder)).Kind);
        Assert.Equal(ErrorKind.NotSupported, Assert.Throws<MlflowException>(() => RegistryTarget.Parse("uc:http://127.0.0.1:8080")).Kind);
        Assert.Equal(new RegistryTarget("databricks://p", RegistryKind.UnityCatalog), RegistryTarget.Parse("databricks-uc://p"));
        Assert.Equal(new RegistryTarget("databricks", RegistryKind.UnityCatalog), RegistryTarget.Parse(" Databricks-UC"));
        Assert.Equal(new RegistryTarget("databricks", RegistryKind.Workspace), RegistryTarget.Parse("databricks"));
        Assert.Equal(new RegistryTarget("http://127.0.0.1:5000", RegistryKind.Default), RegistryTarget.Parse("http://127.0.0.1:5000"));
    }

    [Fact]
    public async Task A_server_of_MLflow_2_has_no_logged_models()
    {
        await using TrackingServer old = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V2_17 });
        using var store = new RestStore(old.Uri, new ConnectionOptions());
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ModelRegistry.Of(store).Logged.GetAsync("m-1", default));
        Assert.Equal(ErrorKind.NotSupported, e.Kind);
        Assert.Equal(ErrorKind.ModelNotFound, (await Assert.ThrowsAsync<MlflowException>(() => Registry.Logged.GetAsync("m-1", default))).Kind);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync();
        _store = new RestStore(_server.Uri, new ConnectionOptions { Retry = new RetryPolicy { BackoffFactor = 0.001, Jitter = 0.001 } });
    }

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private Task<ModelLocation> LocateAsync(string uri) => new ModelFinder(Registry).LocateAsync(ModelUri.Parse(uri), default);

    private async Task<MlflowModel> ReceiveAsync(ModelLocation location)
    {
        using IArtifactStore artifacts = location.OpenArtifacts(_store);
        return await new ModelReceiver(location, artifacts, 2, overwrite: false).ReceiveAsync(_folder.FullPath, _ => { }, default);
    }

    private Run ModelLocationRoot()
    {
        string source = Directory.CreateDirectory(Path.Combine(_folder.FullPath, "source")).FullName;
        File.WriteAllText(Path.Combine(source, "a"), "a");
        return new Run { RunId = "", ExperimentId = "", ArtifactUri = source };
    }

    private async Task<ModelVersion> RegisterFolderAsync(params (string Path, string Text)[] files)
    {
        Run run = await _store.CreateRunAsync(new NewRun("0", null, "tester", 1), default);
        using IArtifactStore artifacts = ArtifactStores.Open(run, _store);
        using var source = new TemporaryFolder();
        foreach ((string path, string text) in files)
        {
            string file = Path.Combine(source.FullPath, Path.GetFileName(path));
            await File.WriteAllTextAsync(file, text);
            await artifacts.SendAsync(new FileInfo(file), "model/" + path, _ => { }, default);
        }

        NewModelVersion version = await new ModelFinder(Registry).ResolveAsync("income", $"runs:/{run.RunId}/model", default);
        Assert.Equal((run.ArtifactUri + "/model", run.RunId), (version.Source, version.RunId));
        return await Registry.RegisterAsync(version, ["champion"], modelExists: false, default);
    }
}
