using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>The registry in databases that releases of MLflow wrote, each with its own tables and keys.</summary>
public sealed class SqliteRegistryDatabaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Releases =>
        ["2.13.2", "2.17.2", "2.22.5", "3.1.4", "3.4.0", "3.7.0", "3.10.1", "3.11.1", "3.13.0", "3.15.2", "3.17.2"];

    public static TheoryData<string> Databases => [.. Releases.Select(row => row.Data), "base-acf3f17fdcc7"];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task The_models_are_those_that_its_own_client_reads(string release)
    {
        SqliteModelRegistry registry = Open(release);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedMaterial.Find("mlflow", "databases"), $"{release}.json")));
        Assert.NotEmpty(json.RootElement.GetProperty("models").EnumerateArray());
        foreach (JsonElement expected in json.RootElement.GetProperty("models").EnumerateArray())
        {
            string name = expected.GetProperty("name").GetString()!;
            long number = long.Parse(expected.GetProperty("version").GetString()!, CultureInfo.InvariantCulture);
            string[] aliases = [.. expected.GetProperty("aliases").EnumerateArray().Select(alias => alias.GetString()!)];
            ModelVersion version = await registry.Versions.GetAsync(name, number, default);
            Assert.Equal(
                (expected.GetProperty("source").GetString(), expected.GetProperty("run_id").GetString(), "READY", "None"),
                (version.Source, version.RunId, version.Status, version.Stage));
            Assert.Equal(aliases, version.Aliases);
            Assert.Equal(
                expected.GetProperty("tags").EnumerateObject().ToDictionary(tag => tag.Name, tag => tag.Value.GetString()!), version.Tags);
            Assert.Equal(version.Version, (await registry.Aliases.GetAsync(name, aliases[0], default)).Version);

            RegisteredModel model = Assert.Single((await registry.Models.SearchAsync(null, 10, null, default)).Items);
            Assert.Equal(
                (name, "Predicts income", "live", number), (model.Name, model.Description, model.Tags["stage"], model.LatestVersion));
            Assert.Equal(aliases.ToDictionary(alias => alias, _ => number), model.Aliases);
        }
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task What_is_written_is_read_back_and_its_keys_hold(string database)
    {
        SqliteModelRegistry registry = Open(database);
        string[] before = [.. Query(database, "SELECT name FROM registered_models")];
        await registry.Models.CreateAsync("first", "one", [new Tag("a", "b")], default);
        ModelVersion made = await registry.RegisterAsync(
            new NewModelVersion("first", "s3://b/x") { RunId = "abc", Tags = [new Tag("c", "d")] }, ["champion"], modelExists: true,
            default);
        Assert.Equal((1L, "abc", "d"), (made.Version, made.RunId, made.Tags["c"]));
        await registry.Versions.CreateAsync(new NewModelVersion("first", "models:/first/1"), default);
        await registry.Models.SetTagAsync("first", new Tag("a", "changed"), default);
        await registry.Versions.SetTagAsync("first", 1, new Tag("c", "changed"), default);
        await registry.Aliases.SetAsync("first", "champion", 2, default);
        await registry.Versions.MoveAsync("first", 1, "Production", archiveOthers: true, default);
        await registry.Models.RenameAsync("first", "größe o'x", default);

        RegisteredModel model = await registry.Models.GetAsync("größe o'x", default);
        Assert.Equal(("changed", 2L), (model.Tags["a"], model.Aliases["champion"]));
        Assert.Equal(["1 Production changed", "2 None "], model.LatestVersions.Select(version =>
            $"{version.Version} {version.Stage} {(version.Tags.TryGetValue("c", out string? tag) ? tag : "")}"));
        Assert.Equal([2, 1], (await registry.Versions.SearchAsync(ModelFilter.VersionsOfModel(model.Name), 10, null, default)).Items
            .Select(version => version.Version));
        Assert.Empty(Query(database, "PRAGMA foreign_key_check"));

        await registry.Versions.DeleteAsync(model.Name, 2, default);
        Assert.Equal(3, (await registry.Versions.CreateAsync(new NewModelVersion(model.Name, "s3://b/y"), default)).Version);
        await registry.Models.DeleteAsync(model.Name, default);
        Assert.Equal(before, Query(database, "SELECT name FROM registered_models"));
        foreach (string table in new[] { "registered_model_tags", "registered_model_aliases", "model_versions", "model_version_tags" })
            Assert.Equal(before, Query(database, $"SELECT DISTINCT name FROM {table}"));
        Assert.Equal(["ok"], Query(database, "PRAGMA integrity_check"));
        Assert.Empty(Query(database, "PRAGMA foreign_key_check"));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Logged_models_are_there_since_MLflow_3(string database)
    {
        Open(database);
        var logged = new SqliteLoggedModels(new SqliteDatabase(PathOf(database)));
        if (database[0] == '3')
        {
            Assert.Empty((await logged.SearchAsync(["0", "1"], null, 10, null, default)).Items);
            MlflowException missing = await Assert.ThrowsAsync<MlflowException>(() => logged.GetAsync("m-1", default));
            Assert.Equal(ErrorKind.ModelNotFound, missing.Kind);
            return;
        }

        Func<Task>[] reads = [() => logged.GetAsync("m-1", default), () => logged.SearchAsync(["0"], null, 10, null, default)];
        foreach (Func<Task> read in reads)
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(read);
            Assert.Equal(ErrorKind.NotSupported, e.Kind);
            Assert.Contains("MLflow 3.0", e.Message);
        }
    }

    [Theory]
    [InlineData(null, "m-3 m-2 m-1")]
    [InlineData("name = 'tree'", "m-2 m-1")]
    [InlineData("attributes.name LIKE 'n%'", "m-3")]
    [InlineData("source_run_id = 'RUN'", "m-1")]
    [InlineData("metrics.rmse < 0.4", "m-1")]
    [InlineData("metrics.rmse = 0.5 AND params.depth = '3'", "m-1")]
    [InlineData("params.depth IN ('3', '4') AND tags.`a b` != 'x'", "m-2")]
    [InlineData("model_id NOT IN ('m-1', 'm-2')", "m-3")]
    [InlineData("creation_timestamp > 1000", "m-3 m-2")]
    [InlineData("stage = 'x'", null)]
    [InlineData("metrics.rmse = 'x'", null)]
    [InlineData("metric.rmse < 1", null)]
    public async Task Logged_models_are_searched(string? filter, string? found)
    {
        Open("3.11.1");
        string run = Query("3.11.1", "SELECT run_uuid FROM runs WHERE name = 'first'").Single();
        for (int i = 1; i <= 3; i++)
        {
            string name = i < 3 ? "tree" : "net";
            Query("3.11.1", "INSERT INTO logged_models VALUES "
                + $"('m-{i}', 1, '{name}', 'file:///m/{i}', {i}000, {i}001, {i - 1}, 'active', 'Agent', NULL, NULL)");
        }

        Query("3.11.1", $"UPDATE logged_models SET source_run_id = '{run}' WHERE model_id = 'm-1'");
        Query("3.11.1", "INSERT INTO logged_models VALUES ('m-4', 1, 'gone', 'file:///m/4', 4000, 4000, 2, 'deleted', NULL, NULL, NULL)");
        Query("3.11.1", "INSERT INTO logged_model_params VALUES ('m-1', 1, 'depth', '3'), ('m-2', 1, 'depth', '4')");
        Query("3.11.1", "INSERT INTO logged_model_tags VALUES ('m-1', 1, 'a b', 'x'), ('m-2', 1, 'a b', 'y')");
        Query("3.11.1", "INSERT INTO logged_model_metrics "
            + "(model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, experiment_id, run_id) "
            + $"VALUES ('m-1', 'rmse', 2, 0, 0.25, 1, '{run}'), ('m-1', 'rmse', 1, 0, 0.5, 1, '{run}')");
        var logged = new SqliteLoggedModels(new SqliteDatabase(PathOf("3.11.1")));
        if (found is null)
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => logged.SearchAsync(["1"], filter, 10, null, default));
            Assert.Equal(ErrorKind.InvalidValue, e.Kind);
            return;
        }

        filter = filter?.Replace("RUN", run);
        List<LoggedModel> models = await PageWalker.ReadAllAsync(token => logged.SearchAsync(["1"], filter, 2, token, default));
        Assert.Equal(found, string.Join(' ', models.Select(model => model.ModelId)));
        LoggedModel first = await logged.GetAsync("m-1", default);
        Assert.Equal(
            ("tree", "1", run, "Agent", "STATUS_UNSPECIFIED", "file:///m/1"),
            (first.Name, first.ExperimentId, first.RunId, first.ModelType, first.Status, first.ArtifactUri));
        Assert.Equal(
            ("3", "x", 0.25, 1L),
            (first.Params["depth"], first.Tags["a b"], first.Metrics["rmse"], first.CreationTime!.Value.ToUnixTimeSeconds()));
        Assert.Equal("PENDING READY", $"{(await logged.GetAsync("m-2", default)).Status} {(await logged.GetAsync("m-3", default)).Status}");
        await Assert.ThrowsAsync<MlflowException>(() => logged.GetAsync("m-4", default));
        Assert.Empty((await logged.SearchAsync([], null, 10, null, default)).Items);
    }

    [Fact]
    public async Task A_version_of_a_logged_model_is_where_that_one_is_and_is_noted_there()
    {
        SqliteModelRegistry registry = Open("3.11.1");
        string run = Query("3.11.1", "SELECT run_uuid FROM runs WHERE name = 'first'").Single();
        Query("3.11.1", $"INSERT INTO logged_models VALUES ('m-1', 1, 'tree', 'file:///m/1', 1, 1, 2, 'active', NULL, '{run}', NULL)");
        var version = new NewModelVersion("income", "models:/m-1") { ModelId = "m-1" };
        ModelVersion made = await registry.Versions.CreateAsync(version, default);
        await registry.Versions.CreateAsync(version, default);
        Assert.Equal((2L, "models:/m-1", run), (made.Version, made.Source, made.RunId));
        Assert.Equal("file:///m/1", await registry.Versions.GetArtifactUriAsync("income", 2, default));
        Assert.Equal(
            ["""[{"name":"income","version":2},{"name":"income","version":3}]"""],
            Query("3.11.1", "SELECT tag_value FROM logged_model_tags WHERE model_id = 'm-1' AND tag_key = 'mlflow.modelVersions'"));
    }

    public void Dispose() => _folder.Dispose();

    private SqliteModelRegistry Open(string database) =>
        new SqliteModelRegistry(new SqliteDatabase(SharedMaterial.Database(_folder, database)));

    private string PathOf(string database) => _folder.Below($"{database}.db");

    private List<string> Query(string database, string sql)
    {
        SqliteLibrary.Load();
        using var connection = new SqliteConnection($"Data Source={PathOf(database)};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
            rows.Add($"{reader.GetValue(0)}");
        return rows;
    }
}
