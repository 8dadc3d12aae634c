using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>The registry in a database: MLflow's numbers, stages, times, filters and limits.</summary>
public sealed class SqliteRegistryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteDatabase _database;
    private readonly SqliteModelRegistry _registry;

    public SqliteRegistryTests()
    {
        _database = new SqliteDatabase(_folder.Below("mlflow.db"));
        _registry = new SqliteModelRegistry(_database);
    }

    [Fact]
    public async Task A_file_that_does_not_exist_is_an_empty_registry_and_is_created_by_a_model_only()
    {
        Assert.Empty((await _registry.Models.SearchAsync(null, 10, null, default)).Items);
        Assert.Empty((await _registry.Versions.SearchAsync(null, 10, null, default)).Items);
        Assert.Empty((await new SqliteLoggedModels(_database).SearchAsync(["0"], null, 10, null, default)).Items);
        await FailsAsync(ErrorKind.ModelNotFound, () => new SqliteLoggedModels(_database).GetAsync("m-1", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Models.GetAsync("a", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Models.DescribeAsync("a", "b", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Models.RenameAsync("a", "b", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Models.DeleteAsync("a", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Models.SetTagAsync("a", new Tag("k", "v"), default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Models.DeleteTagAsync("a", "k", default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Versions.CreateAsync(new NewModelVersion("a", "s3://b/x"), default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => _registry.Versions.SetTagAsync("a", 1, new Tag("k", "v"), default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => _registry.Versions.DeleteTagAsync("a", 1, "k", default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => _registry.Versions.MoveAsync("a", 1, "Staging", true, default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => _registry.Versions.GetArtifactUriAsync("a", 1, default));
        await FailsAsync(ErrorKind.ModelNotFound, () => _registry.Aliases.DeleteAsync("a", "b", default));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.CreateAsync("a/b", null, [], default));
        Assert.False(File.Exists(_database.Path));
        await _registry.Models.CreateAsync("a", null, [], default);
        Assert.True(File.Exists(_database.Path));
    }

    [Fact]
    public async Task The_number_of_a_removed_version_is_not_given_again()
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        for (int i = 1; i <= 3; i++)
            await CreateAsync("m", tags: new Tag("k", "v"));
        await _registry.Aliases.SetAsync("m", "champion", 3, default);
        await _registry.Versions.DeleteAsync("m", 3, default);
        Assert.Equal(4, (await CreateAsync("m")).Version);
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => _registry.Versions.GetAsync("m", 3, default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => _registry.Aliases.GetAsync("m", "champion", default));
        Assert.Empty((await _registry.Models.GetAsync("m", default)).Aliases);
        Assert.Equal(
            ["Deleted_Internal|REDACTED-SOURCE-PATH|REDACTED-RUN-ID|REDACTED-RUN-LINK|s3://b/x|READY"],
            Query("SELECT current_stage, source, run_id, run_link, storage_location, status FROM model_versions WHERE version = 3"));
        Assert.Equal(["k"], Query("SELECT key FROM model_version_tags WHERE version = 3"));

        await _registry.Models.DeleteAsync("m", default);
        Assert.Empty(Query("SELECT name FROM model_versions UNION ALL SELECT name FROM model_version_tags"));
        await _registry.Models.CreateAsync("m", null, [], default);
        Assert.Equal(1, (await CreateAsync("m")).Version);
    }

    [Fact]
    public async Task The_latest_version_of_each_stage_is_listed_and_latest_is_the_newest()
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        for (int i = 1; i <= 5; i++)
            await CreateAsync("m");
        await _registry.Versions.MoveAsync("m", 1, "staging", archiveOthers: false, default);
        await _registry.Versions.MoveAsync("m", 2, "Staging", archiveOthers: false, default);
        await _registry.Versions.MoveAsync("m", 3, "PRODUCTION", archiveOthers: true, default);
        RegisteredModel model = await _registry.Models.GetAsync("m", default);
        Assert.Equal(["2 Staging", "3 Production", "5 None"], model.LatestVersions.Select(version => $"{version.Version} {version.Stage}"));
        Assert.Equal(5, (await _registry.Aliases.GetAsync("m", "Latest", default)).Version);

        await _registry.Versions.MoveAsync("m", 5, "Staging", archiveOthers: true, default);
        Assert.Equal(
            ["Archived", "Archived", "Production", "None", "Staging"],
            Query("SELECT current_stage FROM model_versions ORDER BY version"));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Versions.MoveAsync("m", 5, "None", archiveOthers: true, default));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Versions.MoveAsync("m", 5, "Live", archiveOthers: false, default));
    }

    [Fact]
    public async Task A_new_name_goes_to_versions_tags_and_aliases()
    {
        await _registry.Models.CreateAsync("old", "d", [new Tag("a", "1")], default);
        await CreateAsync("old", tags: new Tag("b", "2"));
        await _registry.Aliases.SetAsync("old", "champion", 1, default);
        RegisteredModel renamed = await _registry.Models.RenameAsync("old", "new", default);
        Assert.Equal(("new", "1", 1L), (renamed.Name, renamed.Tags["a"], renamed.Aliases["champion"]));
        ModelVersion version = Assert.Single(renamed.LatestVersions);
        Assert.Equal(("new", "2"), (version.Name, version.Tags["b"]));
        Assert.Equal(["champion"], version.Aliases);
        Assert.False(await _registry.Models.ExistsAsync("old", default));
        Assert.Equal("new", (await _registry.Models.RenameAsync("new", "new", default)).Name);
        Assert.Empty(Query("PRAGMA foreign_key_check"));
    }

    // What MLflow's store touches, and what it does not.
    [Fact]
    public async Task The_time_of_the_last_change_moves_as_in_MLflow()
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        await CreateAsync("m");
        await CreateAsync("m");
        Assert.Equal("-", await TouchedAsync(() => _registry.Models.SetTagAsync("m", new Tag("k", "v"), default)));
        Assert.Equal("-", await TouchedAsync(() => _registry.Versions.SetTagAsync("m", 1, new Tag("k", "v"), default)));
        Assert.Equal("-", await TouchedAsync(() => _registry.Aliases.SetAsync("m", "a", 1, default)));
        Assert.Equal("-", await TouchedAsync(() => _registry.Aliases.DeleteAsync("m", "a", default)));
        Assert.Equal("m", await TouchedAsync(() => _registry.Models.DescribeAsync("m", "d", default)));
        Assert.Equal("1", await TouchedAsync(() => _registry.Versions.DescribeAsync("m", 1, "d", default)));
        Assert.Equal("m1", await TouchedAsync(() => _registry.Versions.MoveAsync("m", 1, "Staging", archiveOthers: false, default)));
        Assert.Equal("m12", await TouchedAsync(() => _registry.Versions.MoveAsync("m", 2, "Staging", archiveOthers: true, default)));
        Assert.Equal("m3", await TouchedAsync(() => CreateAsync("m")));
        Assert.Equal("m3", await TouchedAsync(() => _registry.Versions.DeleteAsync("m", 3, default)));
        Assert.Equal("m123", await TouchedAsync(() => _registry.Models.RenameAsync("m", "m", default)));
    }

    [Theory]
    [InlineData("champion")]
    [InlineData("Größe_1-a")]
    [InlineData("v1x")]
    [InlineData("1")]
    [InlineData("latest-1")]
    public async Task An_alias_may_have_that_name(string alias)
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        await CreateAsync("m");
        await _registry.Aliases.SetAsync("m", alias, 1, default);
        Assert.Equal(1, (await _registry.Aliases.GetAsync("m", alias, default)).Version);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a.b")]
    [InlineData("a'b")]
    [InlineData("a\n")]
    [InlineData("LATEST")]
    [InlineData("v1")]
    [InlineData("V12")]
    public async Task An_alias_cannot_have_that_name(string alias)
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        await CreateAsync("m");
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Aliases.SetAsync("m", alias, 1, default));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Aliases.SetAsync("m", new string('a', 256), 1, default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("..a")]
    public async Task A_model_cannot_have_that_name(string name)
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.CreateAsync(name, null, [], default));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.RenameAsync("m", name, default));
    }

    [Theory]
    [InlineData("s3://b/../x")]
    [InlineData("s3://b/%2e%2e/x")]
    [InlineData("s3://b/%252e%252e/x")]
    [InlineData("s3://b/x/.")]
    [InlineData("s3://b/%00")]
    [InlineData("/data/../etc")]
    [InlineData("file:///data/..%2fetc")]
    [InlineData("models")]
    [InlineData("./models")]
    [InlineData("")]
    public async Task A_version_cannot_have_that_source(string source)
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        await FailsAsync(ErrorKind.InvalidValue, () => CreateAsync("m", source));
    }

    [Theory]
    [InlineData("s3://b/x")]
    [InlineData("/data/model")]
    [InlineData("file:///data/model%20a")]
    [InlineData("mlflow-artifacts:/0/abc/artifacts/model")]
    [InlineData("s3://b/a..b/x")]
    public async Task A_version_keeps_its_source(string source)
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        Assert.Equal(source, (await CreateAsync("m", source)).Source);
        Assert.Equal(source, await _registry.Versions.GetArtifactUriAsync("m", 1, default));
    }

    [Fact]
    public async Task A_version_of_a_version_is_where_that_one_is()
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        await _registry.Models.CreateAsync("copy", null, [], default);
        await CreateAsync("m");
        Assert.Equal("models:/m/1", (await CreateAsync("copy", "models:/m/1")).Source);
        await CreateAsync("copy", "models:/copy/1");
        Assert.Equal("s3://b/x", await _registry.Versions.GetArtifactUriAsync("copy", 2, default));
        await FailsAsync(ErrorKind.ModelVersionNotFound, () => CreateAsync("copy", "models:/m/7"));
        await FailsAsync(ErrorKind.NotSupported, () => CreateAsync("copy", "models:/m-1234"));
    }

    [Theory]
    [InlineData(null, "INCOME a b'c income", "")]
    [InlineData(" ", "INCOME a b'c income", "")]
    [InlineData("name = 'income'", "income", "1 2")]
    [InlineData("name != 'income'", "INCOME a b'c", "")]
    [InlineData("name LIKE 'inc%'", "income", "1 2")]
    [InlineData("NAME_ like 'inc%'", null, null)]
    [InlineData("name ilike 'INC%'", "INCOME income", "1 2")]
    [InlineData("name = \"a b'c\"", "a b'c", "")]
    [InlineData("attribute.name = 'income' and tags.team = 'ops'", "income", "")]
    [InlineData("tags.team = 'ops'", "income", "")]
    [InlineData("tag.team != 'ops'", "INCOME", "")]
    [InlineData("tags.`a b` LIKE '%x%' AND tags.team ILIKE 'OP_'", "income", "")]
    [InlineData("tags.\"checked\" = 'yes'", "", "2")]
    [InlineData("tags.checked = 'yes' AND tags.checked LIKE 'n%'", "", "")]
    [InlineData("version_number > 1", null, "2")]
    [InlineData("version_number <= 1 AND version_number != 7", null, "1")]
    [InlineData("run_id = 'abc'", null, "1")]
    [InlineData("run_id IN ('x', 'abc')", null, "1")]
    [InlineData("source_path LIKE 's3://b/%2'", null, "2")]
    [InlineData("name = 'x' OR name = 'y'", null, null)]
    [InlineData("name > 'x'", null, null)]
    [InlineData("name = 1", null, null)]
    [InlineData("name IN ('x')", null, null)]
    [InlineData("name = 'x", null, null)]
    [InlineData("name = 'x' name = 'y'", null, null)]
    [InlineData("stage = 'x'", null, null)]
    [InlineData("params.x = 'x'", null, null)]
    [InlineData("tags. = 'x'", null, null)]
    [InlineData("version_number = '1'", null, "1")]
    [InlineData("version_number = 'x'", null, null)]
    [InlineData("name = 'x'; DROP TABLE registered_models", null, null)]
    public async Task A_filter_finds_models_and_versions_or_is_refused(string? filter, string? models, string? versions)
    {
        await _registry.Models.CreateAsync("income", null, [new Tag("team", "ops"), new Tag("a b", "xyx")], default);
        await _registry.Models.CreateAsync("INCOME", null, [new Tag("team", "dev")], default);
        await _registry.Models.CreateAsync("a b'c", null, [], default);
        await _registry.Versions.CreateAsync(new NewModelVersion("income", "s3://b/1") { RunId = "abc" }, default);
        await _registry.Versions.CreateAsync(new NewModelVersion("income", "s3://b/2") { Tags = [new Tag("checked", "yes")] }, default);
        await AssertFoundAsync(models, async () =>
            (await _registry.Models.SearchAsync(filter, 10, null, default)).Items.Select(model => model.Name));
        // Without a condition, all versions are found.
        await AssertFoundAsync(string.IsNullOrWhiteSpace(filter) ? "1 2" : versions, async () =>
            (await _registry.Versions.SearchAsync(filter, 10, null, default)).Items.Select(version => $"{version.Version}").Order());
    }

    [Fact]
    public async Task Prompts_are_found_only_by_who_looks_for_them()
    {
        var prompt = new Tag("mlflow.prompt.is_prompt", "true");
        await _registry.Models.CreateAsync("model", null, [], default);
        await _registry.Models.CreateAsync("prompt", null, [prompt], default);
        await CreateAsync("model");
        await CreateAsync("prompt", tags: prompt);
        foreach (string? filter in new[] { null, "tags.`mlflow.prompt.is_prompt` = 'false'", "tags.`mlflow.prompt.is_prompt` != 'true'" })
            await AssertNamesAsync(filter, "model");
        foreach (string filter in new[] { "tags.`mlflow.prompt.is_prompt` = 'true'", "tags.`mlflow.prompt.is_prompt` != 'false'" })
            await AssertNamesAsync(filter, "prompt");
        await AssertNamesAsync("name = 'prompt'", null);
        Assert.Equal("prompt", (await _registry.Models.GetAsync("prompt", default)).Name);
    }

    [Fact]
    public async Task Pages_of_models_are_followed_in_the_order_of_their_names()
    {
        foreach (string name in new[] { "b", "A", "c", "ä", "B" })
            await _registry.Models.CreateAsync(name, null, [], default);
        List<RegisteredModel> all = await PageWalker.ReadAllAsync(token => _registry.Models.SearchAsync(null, 2, token, default));
        Assert.Equal(["A", "B", "b", "c", "ä"], all.Select(model => model.Name));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.SearchAsync(null, 2, "x", default));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Versions.SearchAsync(null, 0, null, default));
    }

    [Theory]
    [InlineData("'; DROP TABLE registered_models; --")]
    [InlineData("$name")]
    [InlineData("100% _a\"b`c\\ ?1 @p")]
    [InlineData("ünïcödé ✓ 日本 \U0001F600")]
    public async Task No_text_is_read_as_SQL(string text)
    {
        await _registry.Models.CreateAsync(text, text, [new Tag("k", text)], default);
        await _registry.Versions.CreateAsync(
            new NewModelVersion(text, "s3://b/" + text) { Description = text, RunId = text, Tags = [new Tag("k", text)] }, default);
        RegisteredModel model = await _registry.Models.GetAsync(text, default);
        ModelVersion version = Assert.Single(model.LatestVersions);
        Assert.Equal((text, text, text), (model.Name, model.Description, model.Tags["k"]));
        Assert.Equal((text, text, text, "s3://b/" + text), (version.Description, version.RunId, version.Tags["k"], version.Source));
        Assert.Single((await _registry.Versions.SearchAsync(ModelFilter.VersionsOfRun(text), 10, null, default)).Items);
        string filter = $"{ModelFilter.VersionsOfModel(text)} AND tags.k != 'x'";
        Assert.Single((await _registry.Models.SearchAsync(filter, 10, null, default)).Items);
        await _registry.Models.DeleteAsync(text, default);
        Assert.Empty((await _registry.Models.SearchAsync(null, 10, null, default)).Items);
    }

    [Fact]
    public async Task Writers_at_the_same_time_get_numbers_of_their_own()
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        ModelVersion[] made = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            new SqliteModelRegistry(new SqliteDatabase(_database.Path)).Versions
                .CreateAsync(new NewModelVersion("m", "s3://b/x"), default)));
        Assert.Equal(Enumerable.Range(1, 20).Select(number => (long)number), made.Select(version => version.Version).Order());
    }

    [Fact]
    public async Task A_tag_is_as_long_as_MLflow_of_that_time_allows()
    {
        await _registry.Models.CreateAsync("m", null, [], default);
        await _registry.Models.SetTagAsync("m", new Tag("k", new string('x', 5000)), default);
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.SetTagAsync("m", new Tag("k", new string('x', 5001)), default));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.SetTagAsync("m", new Tag("a//b", "v"), default));
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.DeleteTagAsync("m", "a?", default));
        var longKey = new Tag(new string('k', 251), "v");
        await FailsAsync(ErrorKind.InvalidValue, () => _registry.Models.CreateAsync("n", null, [longKey], default));
        Assert.False(await _registry.Models.ExistsAsync("n", default));
    }

    public void Dispose() => _folder.Dispose();

    private Task<ModelVersion> CreateAsync(string name, string source = "s3://b/x", params Tag[] tags) =>
        _registry.Versions.CreateAsync(new NewModelVersion(name, source) { Tags = tags }, default);

    private async Task AssertNamesAsync(string? filter, string? name)
    {
        string[] expected = name is null ? [] : [name];
        Assert.Equal(expected, (await _registry.Models.SearchAsync(filter, 10, null, default)).Items.Select(model => model.Name));
        Assert.Equal(expected, (await _registry.Versions.SearchAsync(filter, 10, null, default)).Items.Select(version => version.Name));
    }

    private static async Task AssertFoundAsync(string? expected, Func<Task<IEnumerable<string>>> find)
    {
        if (expected is null)
            await FailsAsync(ErrorKind.InvalidValue, find);
        else
            Assert.Equal(expected, string.Join(' ', await find()));
    }

    // Sets all times to 1 and tells which rows have another one after the work.
    private async Task<string> TouchedAsync(Func<Task> work)
    {
        Query("UPDATE registered_models SET last_updated_time = 1");
        Query("UPDATE model_versions SET last_updated_time = 1");
        await work();
        string touched = string.Concat(Query("SELECT 'm' FROM registered_models WHERE last_updated_time > 1"))
            + string.Concat(Query("SELECT version FROM model_versions WHERE last_updated_time > 1 ORDER BY version"));
        return touched.Length == 0 ? "-" : touched;
    }

    private List<string> Query(string sql)
    {
        SqliteLibrary.Load();
        using var connection = new SqliteConnection($"Data Source={_database.Path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => $"{reader.GetValue(column)}")));
        return rows;
    }

    private static async Task FailsAsync(ErrorKind kind, Func<Task> work)
    {
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(work);
        Assert.True(kind == e.Kind, $"{e.Kind}: {e.Message}");
    }
}
