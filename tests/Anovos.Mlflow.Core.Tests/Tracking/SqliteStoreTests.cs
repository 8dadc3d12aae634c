using System.Globalization;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Tests a store in a SQLite database beyond the contract of stores.</summary>
public sealed class SqliteStoreTests : IDisposable
{
    private const long Start = 1_700_000_000_000;

    private readonly TemporaryFolder _folder = new();
    private readonly SqliteStore _store;

    public SqliteStoreTests() => _store = new SqliteStore(_folder.Below("mlflow.db"));

    private string FilePath => _store.Database.Path;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_that_is_not_there_reads_as_an_empty_store_and_is_not_created()
    {
        Assert.False(_store.Exists);
        Assert.Empty((await _store.SearchExperimentsAsync(new(), null, default)).Items);
        Assert.Null(await _store.FindExperimentAsync("Default", default));
        Assert.Empty((await _store.SearchRunsAsync(new(["0"]), null, default)).Items);
        Assert.False(File.Exists(FilePath));

        await _store.CreateRunAsync(new("0", null, "me", Start), default);

        Experiment experiment = Assert.Single((await _store.SearchExperimentsAsync(new(), null, default)).Items);
        Assert.Equal(("0", "Default"), (experiment.ExperimentId, experiment.Name));
        Assert.Equal(Recorded("mlruns", "0"), experiment.ArtifactLocation);
    }

    [Fact]
    public async Task Experiments_are_numbered_and_their_artifacts_go_beside_the_database()
    {
        string first = await _store.CreateExperimentAsync(new("a"), default);
        string second = await _store.CreateExperimentAsync(new("b"), default);
        Run run = await _store.CreateRunAsync(new(second, null, "me", Start), default);

        Assert.Equal(("1", "2"), (first, second));
        Assert.Equal(Recorded("mlruns", "2", run.RunId, "artifacts"), run.ArtifactUri);
        Assert.False(Directory.Exists(_folder.Below("mlruns")));
    }

    [Fact]
    public async Task Ids_of_18_digits_are_experiments_too_and_a_text_is_the_id_of_none()
    {
        await _store.CreateExperimentAsync(new("a"), default);
        await ExecuteAsync($"INSERT INTO experiments VALUES (123456789012345678, 'migrated', '{Recorded("x")}', 'active', 1, 1)");
        Run run = await _store.CreateRunAsync(new("123456789012345678", null, "me", Start), default);

        Assert.Equal("migrated", (await _store.GetExperimentAsync("123456789012345678", default)).Name);
        Assert.Equal(run.RunId, Assert.Single((await _store.SearchRunsAsync(new(["123456789012345678"]), null, default)).Items).RunId);
        foreach (string id in new[] { "", "x", "-1", "1.0", "1e0", "99999999999999999999999", "1; DROP TABLE runs", "'1'" })
            await Fails(ErrorKind.ExperimentNotFound, () => _store.GetExperimentAsync(id, default));
        Assert.Empty((await _store.SearchRunsAsync(new(["x", "1] OR [1", "7"]), null, default)).Items);
    }

    [Fact]
    public async Task A_repeated_point_is_dropped_and_a_NaN_is_kept_beside_a_zero()
    {
        string run = (await _store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        var points = new RunData
        {
            Metrics =
            [
                new("m", 0, Start, 1), new("m", double.NaN, Start, 1), new("m", 0, Start, 1), new("m", double.NegativeInfinity, Start, 2),
            ],
        };
        await _store.LogBatchAsync(run, points, default);
        await _store.LogBatchAsync(run, points, default);

        IReadOnlyList<Metric> history = (await _store.GetMetricHistoryAsync(run, "m", null, default)).Items;
        Assert.Equal([0, double.NaN, double.MinValue], history.Select(point => point.Value));
        Assert.Equal(double.MinValue, (await _store.GetRunAsync(run, default)).Metrics["m"]);
    }

    [Fact]
    public async Task The_latest_value_is_that_of_the_largest_step_time_and_value_however_the_points_arrive()
    {
        var random = new Random(1);
        string run = (await _store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        List<Metric> all = [];
        for (int batch = 0; batch < 30; batch++)
        {
            Metric[] points = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ =>
                new Metric($"m{random.Next(3)}", random.Next(-2, 3), Start + random.Next(3), random.Next(-3, 3)))];
            all.AddRange(points);
            await _store.LogBatchAsync(run, new() { Metrics = points }, default);

            IReadOnlyDictionary<string, double> latest = (await _store.GetRunAsync(run, default)).Metrics;
            foreach (var metric in all.GroupBy(point => point.Key))
                Assert.Equal(metric.Max(point => (point.Step, point.Timestamp, point.Value)).Value, latest[metric.Key]);
        }
    }

    [Fact]
    public async Task A_long_history_comes_in_pages_in_the_order_written_with_no_point_of_another_metric()
    {
        const int Count = 120_000;
        string run = (await _store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        for (int first = 0; first < Count; first += 500)
        {
            await _store.LogBatchAsync(run, new()
            {
                Metrics = [.. Enumerable.Range(first, 500).SelectMany(i => TwoPoints(i))],
            }, default);
        }

        static Metric[] TwoPoints(int i) => [new("m", Count - i, Start, i), new("other", i, Start, i)];
        Page<Metric> page = await _store.GetMetricHistoryAsync(run, "m", null, default);
        List<Metric> all = await PageWalker.ReadAllAsync(token => _store.GetMetricHistoryAsync(run, "m", token, default));

        Assert.NotNull(page.NextPageToken);
        Assert.True(page.Items.Count < Count);
        Assert.Equal(Enumerable.Range(0, Count).Select(i => new Metric("m", Count - i, Start, i)), all);
        Assert.Empty((await _store.GetMetricHistoryAsync(run, "none", null, default)).Items);
        await Fails(ErrorKind.InvalidValue, () => _store.GetMetricHistoryAsync(run, "m", "x", default));
        await Fails(ErrorKind.RunNotFound, () => _store.GetMetricHistoryAsync(new string('0', 32), "m", null, default));
    }

    [Theory]
    [InlineData("'; DROP TABLE runs; --")]
    [InlineData("\"; DELETE FROM params; --")]
    [InlineData("$name @x :y ?1 {0} %s")]
    [InlineData("a%b_c\\d")]
    [InlineData("\0begins with nothing")]
    [InlineData("ends with nothing\0")]
    [InlineData("😀 größe 世界 \u2028 \r\n\t")]
    [InlineData("half of \ud83d a pair")]
    public async Task A_text_that_hurts_SQL_is_a_text(string text)
    {
        string stored = text.Replace('\ud83d', '\ufffd').Replace("\ufffd\ude00", "😀");
        string experiment = await _store.CreateExperimentAsync(new(text) { Tags = [new("t", text)] }, default);
        Run run = await _store.CreateRunAsync(new(experiment, text, text, Start) { Tags = [new("t", text)] }, default);
        await _store.LogBatchAsync(run.RunId, new() { Params = [new("p", text)] }, default);
        await _store.LogBatchAsync(run.RunId, new() { Params = [new("p", text)] }, default);
        await _store.LogInputsAsync(run.RunId, [new(text, "d", text, text) { Tags = [new("t", text)], Schema = text }], default);

        Experiment found = (await _store.FindExperimentAsync(text, default))!;
        Run read = await _store.GetRunAsync(run.RunId, default);
        DatasetInput input = Assert.Single(read.Inputs);

        Assert.Equal((experiment, stored, stored), (found.ExperimentId, found.Name, found.Tags["t"]));
        Assert.Equal((stored, stored, stored), (read.RunName, read.UserId, read.Experiment));
        Assert.Equal((stored, stored, stored), (read.Params["p"], read.Tags["t"], read.Tags["mlflow.runName"]));
        Assert.Equal((stored, stored, stored), (input.Name, input.SourceType, input.Source));
        Assert.Equal((stored, stored), (input.Schema, input.Tags[0].Value));
        foreach (string quote in new[] { "'", "\"" }.Where(quote => !text.Contains(quote)))
        {
            string filter = $"run_name = {quote}{stored}{quote} and params.p = {quote}{stored}{quote} and tags.t LIKE {quote}%{quote}";
            Assert.Equal(run.RunId, Assert.Single((await _store.SearchRunsAsync(new([experiment], filter), null, default)).Items).RunId);
        }
    }

    // MLflow stores a folder as a path, on Windows as a URI.
    private string Recorded(params string[] names) =>
        OperatingSystem.IsWindows() ? new Uri(_folder.Below(names)).AbsoluteUri : _folder.Below(names);

    // Null for a file that another test has closed in the meantime.
    private static string? Target(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    [Fact]
    public async Task The_file_is_closed_after_each_operation()
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        await _store.GetRunAsync(run.RunId, default);
        await Fails(ErrorKind.InvalidValue, () => _store.DeleteTagAsync(run.RunId, "none", default));

        if (OperatingSystem.IsLinux())
        {
            Assert.DoesNotContain(FilePath, Directory.EnumerateFiles("/proc/self/fd").Select(Target));
        }

        Assert.Equal([FilePath], Directory.GetFiles(_folder.FullPath));
        File.Move(FilePath, _folder.Below("moved.db"));
        using var moved = new SqliteStore(_folder.Below("moved.db"));
        Assert.Equal(run.RunId, (await moved.GetRunAsync(run.RunId, default)).RunId);
        Assert.Empty((await _store.SearchExperimentsAsync(new(), null, default)).Items);
        File.Delete(_folder.Below("moved.db"));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.FullPath));
    }

    [Theory]
    [InlineData("C:\\Users\\me\\mlruns\\0", "is a folder on a Windows machine")]
    [InlineData("./mlruns/0", "is relative")]
    [InlineData("", "is missing or empty")]
    public async Task A_root_that_is_no_place_here_is_an_error_that_names_the_row(string root, string why)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "on Windows, other roots are unusable");
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        await ExecuteAsync("UPDATE runs SET artifact_uri = $root; UPDATE experiments SET artifact_location = $root", ("$root", root));

        Run read = await _store.GetRunAsync(run.RunId, default);
        MlflowException artifacts = Assert.Throws<MlflowException>(() => ArtifactStores.Open(read, _store));
        MlflowException started = await Fails(ErrorKind.StoreInvalid, () => _store.CreateRunAsync(new("0", null, "me", Start), default));

        Assert.Equal(root, read.ArtifactUri);
        Assert.Equal(ErrorKind.UriUnsupported, artifacts.Kind);
        Assert.All([artifacts.Message, started.Message], message => Assert.Contains(why, message, StringComparison.Ordinal));
        foreach (string part in new[] { run.RunId, "'artifact_uri'", "table 'runs'", FilePath })
            Assert.Contains(part, artifacts.Message, StringComparison.Ordinal);
        foreach (string part in new[] { "'artifact_location'", "experiment 0", FilePath })
            Assert.Contains(part, started.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_goes_on_here_keeps_its_id_and_is_there_once()
    {
        string id = new('a', 32);
        var rest = new NewRun("0", "first", "me", Start) { RunId = id, Tags = [new("t", "1")] };

        Run first = await _store.CreateRunAsync(rest, default);
        Run again = await _store.CreateRunAsync(rest with { RunName = "other" }, default);

        Assert.Equal((id, id, "first"), (first.RunId, again.RunId, again.RunName));
        Assert.Single((await _store.SearchRunsAsync(new(["0"]), null, default)).Items);
    }

    [Fact]
    public async Task A_root_that_a_server_passes_on_is_an_error_that_says_which_address_to_use()
    {
        string id = await _store.CreateExperimentAsync(new("served", "mlflow-artifacts:/7"), default);
        Run run = await _store.CreateRunAsync(new(id, null, "me", Start), default);

        MlflowException failure = Assert.Throws<MlflowException>(() => ArtifactStores.Open(run, _store));

        Assert.Equal((ErrorKind.UriUnsupported, $"mlflow-artifacts:/7/{run.RunId}/artifacts"), (failure.Kind, run.ArtifactUri));
        Assert.Contains("http address", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Artifacts_are_written_and_read_beside_the_database()
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        string file = _folder.Below("a.txt");
        await File.WriteAllTextAsync(file, "content");
        using IArtifactStore artifacts = ArtifactStores.Open(run, _store);

        await artifacts.SendAsync(new FileSource(new FileInfo(file)), "data/a.txt", _ => { }, default);

        Assert.Equal("content", await File.ReadAllTextAsync(_folder.Below("mlruns", "0", run.RunId, "artifacts", "data", "a.txt")));
    }

    [Fact]
    public async Task Rows_that_others_left_empty_read_with_what_there_is()
    {
        await _store.CreateExperimentAsync(new("a"), default);
        await ExecuteAsync("""
            INSERT INTO runs (run_uuid, experiment_id, lifecycle_stage) VALUES ('bare', 0, 'active');
            INSERT INTO runs (run_uuid, experiment_id, lifecycle_stage, start_time, end_time)
            VALUES ('far', 0, 'active', 9223372036854775807, -9223372036854775808);
            INSERT INTO tags VALUES ('mlflow.runName', 'by tag', 'bare'), ('empty', NULL, 'bare');
            INSERT INTO latest_metrics VALUES ('m', 1, NULL, 0, 0, 'bare');
            UPDATE experiments SET creation_time = NULL, last_update_time = NULL, artifact_location = NULL WHERE experiment_id = 1;
            """);

        Run bare = await _store.GetRunAsync("bare", default), far = await _store.GetRunAsync("far", default);
        await _store.LogBatchAsync("bare", new() { Metrics = [new("m", 2, Start)] }, default);

        Assert.Equal(("by tag", RunStatus.Running, "", ""), (bare.RunName, bare.Status, bare.UserId, bare.ArtifactUri));
        Assert.Equal("", bare.Tags["empty"]);
        Assert.Equal((9999, 1), (far.StartTime.Year, far.EndTime!.Value.Year));
        Assert.Equal(2, (await _store.GetRunAsync("bare", default)).Metrics["m"]);
        Assert.Equal("bare", Assert.Single((await _store.SearchRunsAsync(new(["0"], "run_name = 'by tag'"), null, default)).Items).RunId);
        Assert.Null((await _store.FindExperimentAsync("a", default))!.CreationTime);
    }

    [Fact]
    public async Task Experiments_of_other_workspaces_are_not_there()
    {
        _folder.Dispose();
        Directory.CreateDirectory(_folder.FullPath);
        string copy = SharedMaterial.Copy(_folder, "mlflow", "databases"), path = Path.Combine(copy, "3.11.1.db");
        File.SetAttributes(path, FileAttributes.Normal);
        using var store = new SqliteStore(path);
        Run run = (await store.SearchRunsAsync(new(["1"], "run_name = 'first'"), null, default)).Items[0];
        await store.Database.WriteAsync(
            session => session.Execute("UPDATE experiments SET workspace = 'team-a' WHERE experiment_id = 1"), default);

        Assert.Null(await store.FindExperimentAsync("Customers", default));
        await Fails(ErrorKind.ExperimentNotFound, () => store.GetExperimentAsync("1", default));
        await Fails(ErrorKind.RunNotFound, () => store.GetRunAsync(run.RunId, default));
        await Fails(ErrorKind.RunNotFound, () => store.LogBatchAsync(run.RunId, new() { Params = [new("late", "1")] }, default));
        Assert.Empty((await store.SearchRunsAsync(new(["1"]), null, default)).Items);
        Assert.Equal("0", Assert.Single((await store.SearchExperimentsAsync(new(), null, default)).Items).ExperimentId);
        string id = await store.CreateExperimentAsync(new("Customers"), default);
        Assert.Equal(id, (await store.FindExperimentAsync("Customers", default))!.ExperimentId);
    }

    [Fact]
    public async Task Another_name_and_status_of_a_run_leave_the_rest()
    {
        Run run = await _store.CreateRunAsync(new("0", "first", "me", Start), default);
        await _store.UpdateRunAsync(new(run.RunId, RunStatus.Killed, Start + 5), default);
        await _store.LogBatchAsync(run.RunId, new() { Tags = [new(RunTags.RunName, "")] }, default);
        await _store.UpdateRunAsync(new(run.RunId, RunName: ""), default);

        Run read = await _store.GetRunAsync(run.RunId, default);
        Assert.Equal(("first", "first", RunStatus.Killed), (read.RunName, read.Tags[RunTags.RunName], read.Status));
        Assert.Equal(Start + 5, read.EndTime!.Value.ToUnixTimeMilliseconds());
        await Fails(ErrorKind.InvalidValue, () => _store.UpdateRunAsync(new(run.RunId, EndTime: long.MaxValue), default));
        await Fails(ErrorKind.InvalidValue, () => _store.GetRunAsync("../x", default));
    }

    [Fact]
    public async Task The_trash_has_the_time_of_its_last_change_as_MLflow_gc_wants_it()
    {
        Run kept = await _store.CreateRunAsync(new("0", "kept", "me", Start), default);
        long before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await _store.MoveRunAsync(kept.RunId, LifecycleStage.Deleted, default);
        Assert.InRange(long.Parse(await ScalarAsync("SELECT deleted_time FROM runs"), CultureInfo.InvariantCulture), before, long.MaxValue);

        await _store.MoveRunAsync(kept.RunId, LifecycleStage.Active, default);
        Assert.Equal("", await ScalarAsync("SELECT deleted_time FROM runs"));
    }

    private static async Task<MlflowException> Fails(ErrorKind kind, Func<Task> action)
    {
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(action);
        Assert.Equal(kind, failure.Kind);
        return failure;
    }

    private Task ExecuteAsync(string sql, params (string, object?)[] parameters) =>
        _store.Database.WriteAsync(session => session.Execute(sql, parameters), default);

    private Task<string> ScalarAsync(string sql) =>
        _store.Database.ReadAsync(session => session.First(sql, row => row.IsDBNull(0) ? "" : row.GetString(0)) ?? "", default);
}
