using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Cloud;
using Anovos.Mlflow.Tests.Registry;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests models in Unity Catalog: their files in each kind of storage, failures, and unsupported features.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class UnityCatalogTests : IDisposable
{
    private const string Model = "main.ml.income", Copy = "prod.ml.income";

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
    private readonly List<RetryNotice> _retries = [];
    private readonly List<string> _said = [];

    public static TheoryData<string> Storages => ModelStorage.Kinds;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Storages))]
    public async Task A_model_is_registered_read_copied_to_another_catalog_and_received(string kind)
    {
        await using ModelStorage storage = await ModelStorage.OpenAsync(kind);
        await using TrackingServer server = await storage.StartAsync();
        using ITrackingStore store = CatalogWorkspace.Connect(server, _retries);
        ModelRegistry registry = ModelRegistry.Of(store);
        string source = await SendModelAsync(store);

        ModelVersion made = await registry.RegisterAsync(new NewModelVersion(Model, source), ["champion"], modelExists: false, default);
        NewModelVersion copy = await new ModelFinder(registry).ResolveAsync(Copy, $"models:/{Model}@champion", default);
        ModelVersion copied = await registry.RegisterAsync(copy, [], modelExists: false, default);
        string[] first = await ReceiveAsync(registry, $"models:/{Model}@champion"),
            second = await ReceiveAsync(registry, $"models:/{Copy}/1");

        Assert.Equal(("READY", "READY", $"models:/{Model}/1"), (made.Status, copied.Status, copied.Source));
        Assert.Equal(["champion"], made.Aliases);
        Assert.Equal(0, server.Workspace!.PendingVersions);
        Assert.Equal(3, first.Length);
        Assert.Equal(first, second);
        Assert.Contains(first, line => line.StartsWith(Convert.ToHexStringLower(SHA256.HashData([])), StringComparison.Ordinal));
        AssertCredentials(server, kind is "files" ? [] : [true, false, true, false, false]);
        AssertHidden(storage);
        foreach (string line in first)
            TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {Model}/1 and {Copy}/1: {line}");
    }

    [Theory]
    [InlineData("models:/{0}")]
    [InlineData("runs:/{1}/model")]
    public async Task A_logged_model_of_MLflow_3_is_registered(string form)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(
            new() { Version = MlflowVersion.V3_11, Workspace = new() { UnityCatalog = new() } });
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        ModelRegistry registry = ModelRegistry.Of(store);
        string experiment = await store.CreateExperimentAsync(new NewExperiment("/Shared/logged"), default);
        Run run = await store.CreateRunAsync(new NewRun(experiment, null, "tester", 1), default);
        LoggedModel logged = await ((ILoggedModelWriter)registry.Logged).CreateAsync(
            new NewLoggedModel(experiment, "model") { RunId = run.RunId }, default);
        await CatalogWorkspace.SendModelAsync(store, ModelLocation.Root(logged.ArtifactUri), "");

        NewModelVersion version = await new ModelFinder(registry).ResolveAsync(
            Model, string.Format(form, logged.ModelId, run.RunId), default);
        ModelVersion made = await registry.RegisterAsync(version, [], modelExists: false, default);

        Assert.Equal((run.RunId, $"models:/{logged.ModelId}"), (made.RunId, made.Source));
        Assert.Contains(server.Requests, request => request.Path.EndsWith("/model-versions/create", StringComparison.Ordinal)
            && request.BodyText.Contains($"\"model_id\":\"{logged.ModelId}\""));
        Assert.Equal(3, (await ReceiveAsync(registry, $"models:/{Model}/1")).Length);
    }

    [Fact]
    public async Task Objects_of_S3_are_encrypted_and_signed_as_the_workspace_and_the_bucket_say()
    {
        await using ModelStorage storage = await ModelStorage.OpenAsync("s3");
        await using TrackingServer server = await storage.StartAsync();
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        await ModelRegistry.Of(store).RegisterAsync(new NewModelVersion(Model, await SendModelAsync(store)), [], modelExists: false,
            default);

        RecordedRequest[] puts = [.. storage.Fake!.Requests.Where(request => request.Method == "PUT")];
        Assert.Equal(3, puts.Length);
        Assert.All(puts, put =>
        {
            Assert.Equal("aws:kms", put.Headers["x-amz-server-side-encryption"]);
            Assert.Equal("key-1", put.Headers["x-amz-server-side-encryption-aws-kms-key-id"]);
            Assert.Contains("/eu-central-1/s3/", put.Headers["Authorization"]);
        });
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    [InlineData("google")]
    public async Task Credentials_that_are_refused_are_renewed_once(string kind)
    {
        await using ModelStorage storage = await ModelStorage.OpenAsync(kind);
        await using TrackingServer server = await storage.StartAsync();
        using ITrackingStore store = CatalogWorkspace.Connect(server, _retries);
        ModelRegistry registry = ModelRegistry.Of(store);
        storage.Refused = 1;
        await registry.RegisterAsync(new NewModelVersion(Model, await SendModelAsync(store)), [], modelExists: false, default);
        AssertCredentials(server, [true, true]);

        storage.Refused = 100;
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ReceiveAsync(registry, $"models:/{Model}/1"));
        _said.Add(e.ToString());
        Assert.True(e.Kind is ErrorKind.PermissionDenied or ErrorKind.AuthenticationFailed, $"{e.Kind}: {e.Message}");
        AssertHidden(storage);
    }

    [Fact]
    public async Task A_version_whose_files_are_not_all_there_is_removed()
    {
        await using ModelStorage storage = await ModelStorage.OpenAsync("s3");
        await using TrackingServer server = await storage.StartAsync();
        using ITrackingStore store = CatalogWorkspace.Connect(server, _retries);
        storage.Fake!.Faults.Add("PUT", "*",
            Faults.Answer(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>", "application/xml"), times: 100);

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(async () =>
            await ModelRegistry.Of(store).RegisterAsync(new NewModelVersion(Model, await SendModelAsync(store)), [], modelExists: false,
                default));
        _said.Add(e.ToString());
        Assert.Contains("The version was removed.", e.Message);
        Assert.Empty(Assert.Single(server.Workspace!.CatalogModels).Versions);
        AssertHidden(storage);
    }

    [Fact]
    public async Task A_version_whose_creation_got_no_response_is_not_created_twice()
    {
        await using TrackingServer server = await StartAsync(new());
        using ITrackingStore store = CatalogWorkspace.Connect(server, _retries);
        string source = await SendModelAsync(store);
        server.Faults.Add("POST", "*/unity-catalog/*/create", Faults.CloseAfter, times: 2);
        ModelVersion made = await ModelRegistry.Of(store).RegisterAsync(new NewModelVersion(Model, source), [], modelExists: false,
            default);
        Assert.Equal((1L, "READY"), (made.Version, made.Status));
        Assert.Single(Assert.Single(server.Workspace!.CatalogModels).Versions);
        Assert.Equal(2, _retries.Count);
    }

    [Theory]
    [InlineData("Source IP address: 192.0.2.7 is blocked by Databricks IP ACL for workspace: 42", "to add 192.0.2.7 to the list")]
    [InlineData("User not authorized.", "is not a user of this workspace")]
    [InlineData("Provided OAuth token does not have required scopes: mlflow", "Sign in with a token that has mlflow")]
    public async Task A_refusal_that_no_grant_would_lift_asks_for_none(string said, string expected)
    {
        await using TrackingServer server = await StartAsync(new());
        using ITrackingStore store = CatalogWorkspace.Connect(server, _retries);
        server.Faults.Add("*", "*/unity-catalog/*", Faults.Answer(403, $$"""{"error_code": 403, "message": "{{said}}"}"""), times: 9);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ModelRegistry.Of(store).Models.GetAsync(Model, default));
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains(expected, e.Message);
        Assert.DoesNotContain("USE CATALOG", e.Message);
    }

    [Theory]
    [InlineData("USE CATALOG on Catalog 'main'", "GRANT USE CATALOG ON CATALOG main TO `<user or group>`")]
    [InlineData("USE SCHEMA on Schema 'main.ml'", "GRANT USE SCHEMA ON SCHEMA main.ml TO `<user or group>`")]
    [InlineData("CREATE MODEL on Schema 'main.ml'", "GRANT CREATE MODEL ON SCHEMA main.ml TO `<user or group>`")]
    [InlineData("CREATE MODEL VERSION on Routine or Model 'main.ml.income'", "GRANT CREATE MODEL VERSION ON FUNCTION main.ml.income TO")]
    [InlineData("EXECUTE on Routine or Model 'main.ml.income'", "GRANT EXECUTE ON FUNCTION main.ml.income TO")]
    [InlineData("MANAGE on Routine or Model 'main.ml.income'", "GRANT MANAGE ON FUNCTION main.ml.income TO")]
    public async Task A_missing_permission_is_named_as_the_grant(string missing, string grant)
    {
        UnityCatalogOptions catalog = new() { Missing = [missing] };
        await using TrackingServer server = await StartAsync(catalog);
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        ModelRegistry registry = ModelRegistry.Of(store);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(async () =>
        {
            ModelVersion made = await registry.RegisterAsync(
                new NewModelVersion(Model, await SendModelAsync(store)), ["champion"], modelExists: false, default);
            await registry.Versions.GetAsync(Model, made.Version, default);
        });
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains($"User does not have {missing}.", e.Message);
        Assert.Contains(grant, e.Message);
        Assert.DoesNotContain("on the experiment", e.Message);
    }

    [Theory]
    [InlineData("main.nowhere.income", "SCHEMA_DOES_NOT_EXIST")]
    [InlineData("nowhere.ml.income", "CATALOG_DOES_NOT_EXIST")]
    public async Task A_catalog_or_schema_that_does_not_exist_is_named(string name, string code)
    {
        await using TrackingServer server = await StartAsync(new());
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() =>
            ModelRegistry.Of(store).Models.CreateAsync(name, null, [], default));
        Assert.Equal((ErrorKind.ModelNotFound, code), (e.Kind, e.ErrorCode));
        Assert.Contains($"Check the catalog and the schema in '{name}'", e.Message);
    }

    [Theory]
    [InlineData("ml.income", "main.ml.income")]
    [InlineData("income", "main.default.income")]
    [InlineData("a.b.c.d", "catalog")]
    public async Task A_name_without_three_parts_is_refused_before_a_request_is_sent(string name, string advice)
    {
        await using TrackingServer server = await StartAsync(new());
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        ModelRegistry registry = ModelRegistry.Of(store, RegistryKind.UnityCatalog);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => registry.Models.GetAsync(name, default));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        Assert.Contains(advice, e.Message);
        Assert.Contains("-RegistryUri databricks", e.Message);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("main", true)]
    [InlineData("hive_metastore", false)]
    [InlineData(null, false)]
    public async Task A_name_of_one_part_goes_to_the_workspaces_default_registry(string? catalog, bool isUnityCatalog)
    {
        UnityCatalogOptions? options = catalog is null ? null : new() { DefaultCatalog = catalog };
        await using TrackingServer server = await StartAsync(options);
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        ModelRegistry registry = ModelRegistry.Of(store);
        if (isUnityCatalog)
        {
            Assert.Equal(ErrorKind.InvalidValue, (await Assert.ThrowsAsync<MlflowException>(
                () => registry.Models.CreateAsync("income", null, [], default))).Kind);
        }
        else
        {
            await registry.Models.CreateAsync("income", null, [], default);
            await registry.Models.GetAsync("income", default);
        }

        Assert.Equal(isUnityCatalog ? 0 : 1, server.Models.Count);
        Assert.Single(server.Requests, request => request.Path.EndsWith("/current-metastore-assignment", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(408)]
    [InlineData(503)]
    public async Task A_transient_error_does_not_decide_which_registry_is_the_default(int status)
    {
        await using TrackingServer server = await StartAsync(new() { DefaultCatalog = "main" });
        server.Faults.Add("GET", "*/current-metastore-assignment", Faults.Answer(status, "{}"), times: 3);
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        ModelRegistry registry = ModelRegistry.Of(store);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => registry.Models.CreateAsync("income", null, [], default));
        Assert.Equal((status, true), (e.StatusCode, e.IsTransient));
        Assert.Empty(server.Models);
        e = await Assert.ThrowsAsync<MlflowException>(() => registry.Models.CreateAsync("income", null, [], default));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
    }

    [Fact]
    public async Task A_workspace_without_Unity_Catalog_says_where_its_own_registry_is()
    {
        await using TrackingServer server = await StartAsync(null);
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ModelRegistry.Of(store).Models.GetAsync(Model, default));
        Assert.Equal(ErrorKind.NotSupported, e.Kind);
        Assert.Contains("-RegistryUri databricks", e.Message);
    }

    [Theory]
    [InlineData("flavors: {}", "no signature")]
    [InlineData("signature: {inputs: '[{\"type\": \"long\"}]'}", "without outputs")]
    [InlineData("signature: {outputs: '[{\"type\": \"long\"}]'}", "without inputs")]
    public async Task A_model_without_a_whole_signature_is_refused_before_a_version_is_created(string mlmodel, string words)
    {
        await using TrackingServer server = await StartAsync(new());
        using ITrackingStore store = CatalogWorkspace.Connect(server);
        string source = await SendModelAsync(store, mlmodel);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => ModelRegistry.Of(store).RegisterAsync(new NewModelVersion(Model, source), [], modelExists: false, default));
        Assert.Equal(ErrorKind.ModelInvalid, e.Kind);
        Assert.Contains(words, e.Message);
        Assert.Empty(server.Workspace!.CatalogModels.SelectMany(model => model.Versions));
    }

    private static Task<TrackingServer> StartAsync(UnityCatalogOptions? catalog) =>
        TrackingServer.StartAsync(new() { Workspace = new() { UnityCatalog = catalog } });

    private static async Task<string> SendModelAsync(ITrackingStore store, string mlmodel = CatalogWorkspace.Signed)
    {
        string experiment = await store.CreateExperimentAsync(new NewExperiment($"/Shared/{Guid.NewGuid():N}"), default);
        Run run = await store.CreateRunAsync(new NewRun(experiment, null, "tester", 1), default);
        return await CatalogWorkspace.SendModelAsync(store, run.RunId, "model", mlmodel);
    }

    // The hash and the path of each file.
    private async Task<string[]> ReceiveAsync(ModelRegistry registry, string uri)
    {
        ModelLocation location = await new ModelFinder(registry).LocateAsync(ModelUri.Parse(uri), default);
        using IArtifactStore artifacts = location.OpenArtifacts(registry.Store);
        MlflowModel model = await new ModelReceiver(location, artifacts, 4, overwrite: false).ReceiveAsync(
            Path.Combine(_folder, Guid.NewGuid().ToString("N")), _ => { }, default);
        return [.. Directory.EnumerateFiles(model.Path, "*", SearchOption.AllDirectories)
            .OrderBy(file => file, StringComparer.Ordinal)
            .Select(file =>
            $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))} {Path.GetRelativePath(model.Path, file)}")];
    }

    // Whether each request is for writing, in the order of the requests.
    private static void AssertCredentials(TrackingServer server, bool[] writes) => Assert.Equal(
        writes,
        server.Requests.Where(request => request.Path.EndsWith("/generate-temporary-credentials", StringComparison.Ordinal))
            .Select(request => request.BodyText.Contains("READ_WRITE")));

    private void AssertHidden(ModelStorage storage)
    {
        string[] said = [.. _said, .. _retries.Select(retry => retry.Cause)];
        Assert.All(storage.Secrets, secret => Assert.DoesNotContain(said, text => text.Contains(secret)));
    }
}
