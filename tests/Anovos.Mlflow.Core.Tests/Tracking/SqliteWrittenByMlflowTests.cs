using System.Text.Json.Nodes;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>
/// Databases that eleven releases of MLflow wrote. Each is compared with its JSON, and written like that release's client writes it.
/// </summary>
public sealed class SqliteWrittenByMlflowTests : IDisposable
{
    private static readonly string[] Tables = ["runs", "tags", "params", "metrics", "latest_metrics", "inputs", "input_tags", "datasets"];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Versions() =>
        ["2.13.2", "2.17.2", "2.22.5", "3.1.4", "3.4.0", "3.7.0", "3.10.1", "3.11.1", "3.13.0", "3.15.2", "3.17.2"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task It_reads_as_MLflow_reads_it(string version)
    {
        using SqliteStore store = Open(version);
        string wanted = StoreContent.Normalize(JsonNode.Parse(await File.ReadAllTextAsync(_folder.Below("mlruns", $"{version}.json")))!);

        Assert.Equal(wanted, await StoreContent.ReadAsync(store));
        Assert.Equal("ada", (await store.SearchRunsAsync(new(["1"], "run_name = 'first'"), null, default)).Items[0].UserId);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_run_has_the_rows_that_MLflow_writes_for_it(string version)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the artifacts of the recorded experiments are in Unix folders");
        using SqliteStore store = Open(version);
        Run theirs = (await store.SearchRunsAsync(new(["1"], "run_name = 'first'"), null, default)).Items[0];
        Run ours = await CopyAsync(store, theirs, theirs.ExperimentId);

        await store.Database.ReadAsync(session =>
        {
            foreach (string table in Tables)
            {
                string[] wanted = Rows(session, table, theirs.RunId), rows = Rows(session, table, ours.RunId);
                Assert.NotEmpty(wanted);
                Assert.Equal(wanted, rows);
            }

            Assert.Equal(["ok"], session.Query("PRAGMA integrity_check", row => row.GetString(0)));
            Assert.Empty(session.Query("PRAGMA foreign_key_check", row => row.GetString(0)));
            return true;
        }, default);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task It_is_written_and_read_back(string version)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the artifacts of the recorded experiments are in Unix folders");
        using SqliteStore store = Open(version);
        string experiment = await store.CreateExperimentAsync(new("Ours ü") { Tags = [new("team", "ops")] }, default);
        Run first = (await store.SearchRunsAsync(new(["1"], "run_name = 'first'"), null, default)).Items[0];
        Run copy = await CopyAsync(store, first, experiment);
        await store.LogBatchAsync(first.RunId, new()
        {
            Params = [new("late", "1")],
            Metrics = [new("loss", 7, 1_700_000_000_003, 3), new("loss", 0.5, 1_700_000_000_000)],
            Tags = [new("team", "dev")],
        }, default);
        await store.DeleteTagAsync(first.RunId, "note", default);
        await store.MoveRunAsync(copy.RunId, LifecycleStage.Deleted, default);
        await store.RenameExperimentAsync("1", "Clients", default);
        await store.SetExperimentTagAsync("1", new("team", "dev"), default);
        await store.MoveExperimentAsync("2", LifecycleStage.Active, default);

        Run read = await store.GetRunAsync(first.RunId, default);
        Assert.Equal(("1", 7, "dev"), (read.Params["late"], read.Metrics["loss"], read.Tags["team"]));
        Assert.Equal(4, (await store.GetMetricHistoryAsync(first.RunId, "loss", null, default)).Items.Count);
        Assert.DoesNotContain("note", read.Tags.Keys);
        Run moved = await store.GetRunAsync(copy.RunId, default);
        Assert.Equal((LifecycleStage.Deleted, experiment), (moved.LifecycleStage, moved.ExperimentId));
        Assert.Equal(first.Params, moved.Params);
        Experiment renamed = (await store.FindExperimentAsync("Clients", default))!;
        Assert.Equal(("1", "dev", "nightly runs"), (renamed.ExperimentId, renamed.Tags["team"], renamed.Tags["mlflow.note.content"]));
        Assert.Equal(LifecycleStage.Active, (await store.GetExperimentAsync("2", default)).LifecycleStage);
        Assert.Equal(_folder.Below("mlruns", "mlruns", experiment), (await store.GetExperimentAsync(experiment, default)).ArtifactLocation);
        MlflowException taken = await Assert.ThrowsAsync<MlflowException>(() => store.CreateExperimentAsync(new("Clients"), default));
        Assert.Equal(ErrorKind.ExperimentExists, taken.Kind);
    }

    [Fact]
    public async Task The_file_that_no_MLflow_has_opened_yet_reads()
    {
        using SqliteStore store = Open("base-acf3f17fdcc7");

        Assert.NotEmpty((await store.SearchExperimentsAsync(new(), null, default)).Items);
    }

    [Fact]
    public async Task A_database_of_an_old_MLflow_is_refused_with_the_way_to_upgrade_it()
    {
        using SqliteStore store = Open("old-bd07f7e963c5");
        byte[] before = await File.ReadAllBytesAsync(store.Database.Path);

        foreach (bool writes in new[] { false, true })
        {
            MlflowException failure = await Assert.ThrowsAsync<MlflowException>(
                () => writes ? store.CreateRunAsync(new("0", null, "me", 1), default) : store.FindExperimentAsync("x", default));
            Assert.Equal(ErrorKind.StoreInvalid, failure.Kind);
            Assert.Contains(store.Database.Path, failure.Message, StringComparison.Ordinal);
            Assert.Contains("bd07f7e963c5", failure.Message, StringComparison.Ordinal);
            Assert.Contains($"mlflow db upgrade \"{store.TrackingUri}\"", failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(store.Database.Path));
    }

    private SqliteStore Open(string version)
    {
        string copy = SharedMaterial.Copy(_folder, "mlflow", "databases"), path = Path.Combine(copy, $"{version}.db");
        File.SetAttributes(path, FileAttributes.Normal);
        return new SqliteStore(path);
    }

    // The same calls that the client made when it created the database.
    private static async Task<Run> CopyAsync(SqliteStore store, Run run, string experimentId)
    {
        var created = new NewRun(experimentId, run.RunName, run.UserId, run.StartTime.ToUnixTimeMilliseconds());
        Tag[] tags = [.. run.Tags.Where(tag => tag.Key != RunTags.RunName).Select(tag => new Tag(tag.Key, tag.Value))];
        Run copy = await store.CreateRunAsync(created with { Tags = tags }, default);
        var points = new List<Metric>();
        foreach (string key in run.Metrics.Keys)
            points.AddRange((await store.GetMetricHistoryAsync(run.RunId, key, null, default)).Items);
        Param[] values = [.. run.Params.Select(param => new Param(param.Key, param.Value))];
        await store.LogBatchAsync(copy.RunId, new() { Params = values, Metrics = points }, default);
        await store.LogInputsAsync(copy.RunId, run.Inputs, default);
        await store.UpdateRunAsync(new(copy.RunId, run.Status, run.EndTime?.ToUnixTimeMilliseconds()), default);
        return copy;
    }

    private static string[] Rows(SqliteSession session, string table, string runId)
    {
        string condition = table switch
        {
            "inputs" => "destination_id = $run",
            "input_tags" => "input_uuid IN (SELECT input_uuid FROM inputs WHERE destination_id = $run)",
            "datasets" => "dataset_uuid IN (SELECT source_id FROM inputs WHERE destination_id = $run)",
            _ => "run_uuid = $run",
        };
        List<string> rows = session.Query(
            $"SELECT * FROM {table} WHERE {condition}",
            row => string.Join("|", Enumerable.Range(0, row.FieldCount)
                .Where(column => row.GetName(column) != "input_uuid")
                .Select(column => $"{row.GetName(column)}={row.GetFieldType(column).Name}:{row.GetValue(column)}")),
            ("$run", runId));
        return [.. rows.Select(row => row.Replace(runId, "<run>")).Order(StringComparer.Ordinal)];
    }
}
