using System.Collections.Concurrent;
using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Robustness;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;
using static Anovos.Mlflow.Tests.Copying.CopiedStore;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Experiments and runs from each kind of store to each other: all of them, once, whatever goes wrong on the way.</summary>
public sealed class StoreCopierTests : IAsyncDisposable
{
    private static readonly RetryPolicy Quick = new() { MaxRetries = 10, BackoffFactor = 0.0001, Jitter = 0.001 };

    private readonly TemporaryFolder _folder = new();
    private readonly List<TrackingServer> _servers = [];
    private readonly List<ITrackingStore> _stores = [];
    private readonly ConcurrentQueue<string> _warnings = [];

    private static readonly string[] Kinds = ["directory", "database", "2.17", "3.11"];

    public static MatrixTheoryData<string, string> Pairs => new(Kinds, Kinds);

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Everything_arrives_as_it_was_and_a_second_pass_changes_nothing(string from, string to)
    {
        ITrackingStore source = await OpenAsync(from), target = await OpenAsync(to);
        await FillAsync(source);
        string expected = await DescribeAsync(source);

        IReadOnlyList<SyncResult> first = await CopyAsync(source, target);
        Assert.Equal("", string.Join("\n", first.SelectMany(row => row.Missing)) + string.Join("\n", _warnings));
        Assert.Equal(["Running", .. Enumerable.Repeat("Synced", 6)], first.Select(row => row.Status).Order());
        Assert.Equal(expected, await DescribeAsync(target));

        int before = Writes();
        IReadOnlyList<SyncResult> second = await CopyAsync(source, target);
        Assert.Equal((0, 0), (second.Sum(row => row.Points), second.Sum(row => row.Artifacts)));
        Assert.Equal(first.Select(row => row.TargetRunId).Order(), second.Select(row => row.TargetRunId).Order());
        Assert.Equal(expected, await DescribeAsync(target));
        Assert.Equal(before, Writes());

        IReadOnlyList<SyncResult> forced = await CopyAsync(source, target, new CopyOptions { Force = true, Verify = true });
        Assert.Equal((0, 0), (forced.Sum(row => row.Points), forced.Sum(row => row.Artifacts)));
        Assert.Equal(expected, await DescribeAsync(target));
    }

    [Theory]
    [InlineData("directory", "3.11")]
    [InlineData("3.11", "database")]
    [InlineData("2.17", "directory")]
    public async Task A_later_pass_copies_what_changed(string from, string to)
    {
        ITrackingStore source = await OpenAsync(from), target = await OpenAsync(to);
        await FillAsync(source);
        await CopyAsync(source, target);
        Run open = await FindAsync(source, "open"), done = await FindAsync(source, "family 0"), late = await FindAsync(source, "late file");
        await source.LogBatchAsync(open.RunId, new RunData { Metrics = [new("loss", 9, 9, 9)], Tags = [new("new", "tag")] }, default);
        await source.UpdateRunAsync(new RunUpdate(open.RunId, RunStatus.Killed, 77_000), default);
        await source.LogBatchAsync(done.RunId, new RunData { Tags = [new("team", "other")], Params = [new("more", "1")] }, default);
        await SendAsync(source, late, "added/later.txt", "later");

        IReadOnlyList<SyncResult> rows = await CopyAsync(source, target);
        Assert.Equal((1, 1), (rows.Sum(row => row.Points), rows.Sum(row => row.Artifacts)));
        Assert.All(rows, row => Assert.Equal("Synced", row.Status));
        Assert.Equal(await DescribeAsync(source), await DescribeAsync(target));
    }

    [Fact]
    public async Task A_parent_outside_the_selection_is_kept_as_a_tag_until_it_is_there()
    {
        ITrackingStore source = await OpenAsync("directory"), target = await OpenAsync("3.11");
        await FillAsync(source);
        Run parent = await FindAsync(source, "family 2"), child = await FindAsync(source, "family 3");

        SyncResult row = Assert.Single(await CopyAsync(source, target, ids: [child.RunId]));
        Assert.Equal(("Incomplete", "Parent"), (row.Status, row.Missing.Single(item => item.Name == parent.RunId).Kind));
        Run copy = await target.GetRunAsync(row.TargetRunId, default);
        Assert.Equal(parent.RunId, copy.Tags["anovos.mlflow.sync.sourceParentRunId"]);
        Assert.DoesNotContain(RunTags.ParentRunId, copy.Tags.Keys);
        Assert.Equal(RunStatus.Finished, copy.Status);

        string parentId = Assert.Single(await CopyAsync(source, target, ids: [parent.RunId])).TargetRunId;
        await CopyAsync(source, target, ids: [child.RunId]);
        copy = await target.GetRunAsync(row.TargetRunId, default);
        Assert.Equal(parentId, copy.Tags[RunTags.ParentRunId]);
        Assert.DoesNotContain("anovos.mlflow.sync.sourceParentRunId", copy.Tags.Keys);
    }

    [Fact]
    public async Task A_thousand_runs_in_families_five_levels_deep_keep_their_families()
    {
        ITrackingStore source = await OpenAsync("directory"), target = await OpenAsync("3.11");
        string experiment = await source.CreateExperimentAsync(new NewExperiment(Name), default);
        for (int i = 0; i < 200; i++)
        {
            string? root = null, parent = null;
            for (int level = 0; level < 5; level++)
            {
                // The oldest are copied first, and here children are older than their parents.
                Tag[] tags = parent is null ? [] : [new(RunTags.ParentRunId, parent), new("mlflow.rootRunId", root!)];
                var run = new NewRun(experiment, $"{i}/{level}", "ada", 10_000 - (level * 1000) + i) { Tags = tags };
                parent = (await source.CreateRunAsync(run, default)).RunId;
                root ??= parent;
                await source.UpdateRunAsync(new RunUpdate(parent, RunStatus.Finished, 20_000), default);
            }
        }

        IReadOnlyList<SyncResult> rows = await CopyAsync(source, target);
        Assert.Equal(1000, rows.Count(row => row.Status == "Synced"));
        var runs = _servers.Single().Runs.ToDictionary(run => run.RunId);
        Assert.Equal(1000, runs.Count);
        foreach (StoredRun run in runs.Values)
        {
            string[] name = run.RunName.Split('/');
            int level = int.Parse(name[1]);
            Assert.Equal(level == 0 ? null : $"{name[0]}/{level - 1}", NameOf(RunTags.ParentRunId));
            Assert.Equal(level == 0 ? null : $"{name[0]}/0", NameOf("mlflow.rootRunId"));

            string? NameOf(string tag) => run.Tags.TryGetValue(tag, out string? id) ? runs[id].RunName : null;
        }
    }

    [Fact]
    public async Task Entries_that_a_target_refuses_are_listed_and_nothing_else_is_lost()
    {
        ITrackingStore source = await OpenAsync("directory"), target = await OpenAsync("3.11");
        string experiment = await source.CreateExperimentAsync(new NewExperiment(Name), default);
        Run run = await source.CreateRunAsync(new NewRun(experiment, "one", "ada", 1000), default);
        await source.LogBatchAsync(run.RunId, new RunData
        {
            Params = [.. Enumerable.Range(0, 50).Select(i => new Param($"p{i}", $"{i}"))],
            Metrics = [.. Enumerable.Range(0, 300).Select(i => new Metric($"m{i % 3}", i, i, i))],
            Tags = [.. Enumerable.Range(0, 40).Select(i => new Tag($"t{i}", "x")), new Tag("reserved", "x")],
        }, default);
        foreach (string path in new[] { "a.txt", "too-large.bin", "z.txt" })
            await SendAsync(source, run, path, path);
        await source.UpdateRunAsync(new RunUpdate(run.RunId, RunStatus.Finished, 2000), default);
        TrackingServer server = _servers.Single();
        server.Faults.Add("POST", "*/runs/log-batch", Refuse(server, "reserved", "p7", "m1"), times: int.MaxValue);
        server.Faults.Add("PUT", "*/too-large.bin", Faults.Answer(413, "too large", "text/plain"), times: int.MaxValue);

        SyncResult row = Assert.Single(await CopyAsync(source, target, new CopyOptions { TagMissing = true }));
        Assert.Equal("Incomplete", row.Status);
        Assert.Equal(
            ["Artifact too-large.bin", "Metric m1", "Param p7", "Tag reserved"], row.Missing.Select(item => $"{item.Kind} {item.Name}"));
        StoredRun stored = Assert.Single(server.Runs);
        Assert.Equal(("FINISHED", 2000L, 49, 200), (stored.Status, stored.EndTime, stored.Params.Count, stored.Metrics.Count));
        Assert.Equal(40, stored.Tags.Keys.Count(key => key.StartsWith('t')));
        Assert.Equal(["a.txt", "z.txt"], server.ArtifactsOf(stored.RunId).Keys.Order());
        Assert.Contains("too-large.bin", stored.Tags["anovos.mlflow.sync.missing"]);
    }

    [Fact]
    public async Task A_run_that_fails_blocks_no_other()
    {
        ITrackingStore source = await OpenAsync("database"), target = await OpenAsync("3.11");
        await FillAsync(source);
        Fault refusal = Faults.Answer(400, """{"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}""");
        _servers.Single().Faults.Add("POST", "*/runs/create", refusal);

        IReadOnlyList<SyncResult> rows = await CopyAsync(source, target);
        Assert.Equal("Failed", Assert.Single(rows, row => row.TargetRunId.Length == 0).Status);
        Assert.Equal(6, _servers.Single().Runs.Count);
        await CopyAsync(source, target);
        Assert.Equal(await DescribeAsync(source), await DescribeAsync(target));
    }

    [Fact]
    public async Task Artifacts_that_cannot_be_found_are_listed()
    {
        ITrackingStore source = await OpenAsync("directory"), target = await OpenAsync("3.11");
        string gone = _folder.Below("another-machine", "x");
        string experiment = await source.CreateExperimentAsync(new NewExperiment(Name, new Uri(gone).AbsoluteUri), default);
        Run run = await source.CreateRunAsync(new NewRun(experiment, "one", "ada", 1000), default);
        await source.UpdateRunAsync(new RunUpdate(run.RunId, RunStatus.Finished, 2000), default);
        await SendAsync(source, run, "a.txt", "a");
        Directory.Move(gone, _folder.Below("elsewhere"));

        SyncResult row = Assert.Single(await CopyAsync(source, target));
        Assert.Equal(("Incomplete", "Artifact"), (row.Status, Assert.Single(row.Missing).Kind));
        Assert.Equal("FINISHED", Assert.Single(_servers.Single().Runs).Status);

        Directory.Move(_folder.Below("elsewhere"), gone);
        row = Assert.Single(await CopyAsync(source, target));
        Assert.Equal(("Synced", 1), (row.Status, row.Artifacts));
    }

    [Fact]
    public async Task The_folder_that_a_server_leaves_beside_its_store_is_found()
    {
        ITrackingStore source = await OpenAsync("directory"), target = await OpenAsync("3.11");
        string experiment = await source.CreateExperimentAsync(new NewExperiment(Name, "mlflow-artifacts:/1"), default);
        Run run = await source.CreateRunAsync(new NewRun(experiment, "one", "ada", 1000), default);
        await source.UpdateRunAsync(new RunUpdate(run.RunId, RunStatus.Finished, 2000), default);
        string file = _folder.Below("mlartifacts", "1", run.RunId, "artifacts", "model", "größe.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "x");

        SyncResult row = Assert.Single(await CopyAsync(source, target));
        Assert.Equal(("Synced", 1), (row.Status, row.Artifacts));
    }

    [Fact]
    public async Task A_deleted_experiment_at_the_target_is_an_error_that_Restore_lifts()
    {
        ITrackingStore source = await OpenAsync("directory"), target = await OpenAsync("3.11");
        await FillAsync(source);
        string id = await target.CreateExperimentAsync(new NewExperiment(Name), default);
        await target.MoveExperimentAsync(id, LifecycleStage.Deleted, default);

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => CopyAsync(source, target));
        Assert.Equal(ErrorKind.ExperimentDeleted, e.Kind);
        Assert.Contains("-Restore", e.Message);
        await CopyAsync(source, target, new CopyOptions { Restore = true });
        Assert.Equal(await DescribeAsync(source), await DescribeAsync(target));
    }

    [Fact]
    public async Task Counting_writes_nothing_and_says_what_a_copy_would_send()
    {
        ITrackingStore source = await OpenAsync("directory"), target = await OpenAsync("3.11");
        await FillAsync(source);
        IReadOnlyList<SyncResult> counted = await CopyAsync(source, target, new CopyOptions { CountOnly = true });
        Assert.Empty(_servers.Single().Runs);
        Assert.Single(_servers.Single().Experiments);

        IReadOnlyList<SyncResult> copied = await CopyAsync(source, target);
        Assert.Equal(
            (copied.Count, copied.Sum(row => row.Points), copied.Sum(row => row.Artifacts), copied.Sum(row => row.Bytes)),
            (counted.Count, counted.Sum(row => row.Points), counted.Sum(row => row.Artifacts), counted.Sum(row => row.Bytes)));

        await SendAsync(source, await FindAsync(source, "late file"), "b.txt", "b");
        int before = Writes();
        counted = await CopyAsync(source, target, new CopyOptions { CountOnly = true });
        Assert.Equal((0, 1), (counted.Sum(row => row.Points), counted.Sum(row => row.Artifacts)));
        Assert.All(counted, row => Assert.Empty(row.Missing));
        Assert.Equal(before, Writes());
    }

    [Fact]
    public async Task Faults_on_both_ends_lose_and_repeat_nothing()
    {
        for (int seed = 1; seed <= 6; seed++)
        {
            ITrackingStore source = await OpenAsync(seed % 2 == 0 ? "2.17" : "3.11");
            ITrackingStore target = await OpenAsync(seed % 2 == 0 ? "3.11" : "2.17");
            await FillAsync(source);
            TrackingServer[] servers = [.. _servers.TakeLast(2)];
            bool isOver = false;
            for (int i = 0; i < 2; i++)
            {
                var schedule = new FaultSchedule((seed * 2) + i);
                servers[i].Faults.Add(
                    "*", "*", (context, handle) => isOver ? handle() : schedule.ApplyAsync(context, handle), times: int.MaxValue);
            }

            // A schedule may be harder than the retries: what is missing then comes with the next pass.
            for (int pass = 0; !await IsCompleteAsync(source, target); pass++)
                Assert.True(pass < 10);
            isOver = true;
            Assert.Equal(7, servers[1].Runs.Count);
            Assert.Equal(await DescribeAsync(source), await DescribeAsync(target));
        }

        async Task<bool> IsCompleteAsync(ITrackingStore source, ITrackingStore target)
        {
            try
            {
                return (await CopyAsync(source, target)).All(row => row.Status is not ("Failed" or "Incomplete"));
            }
            catch (MlflowException e) when (e.IsServerAway())
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData("directory", "3.11")]
    [InlineData("3.11", "directory")]
    [InlineData("2.17", "database")]
    public async Task A_copy_that_is_cancelled_again_and_again_ends_with_everything_there_once(string from, string to)
    {
        ITrackingStore source = await OpenAsync(from), target = await OpenAsync(to);
        await FillAsync(source);
        for (int left = 1; ; left += 3)
        {
            // Stops after so many calls of the target, in the middle of whatever that is.
            using var stop = new CancellationTokenSource();
            try
            {
                IReadOnlyList<SyncResult> rows = await CopyAsync(source, new StoppingStore(target, left, stop), cancellation: stop.Token);
                Assert.Equal("", string.Join("\n", rows.SelectMany(row => row.Missing)));
                break;
            }
            catch (OperationCanceledException)
            {
                Assert.True(left < 1000);
            }
        }

        Assert.Equal(await DescribeAsync(source), await DescribeAsync(target));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ITrackingStore store in _stores)
            store.Dispose();
        foreach (TrackingServer server in _servers)
            await server.DisposeAsync();
        _folder.Dispose();
    }

    private int Writes() => _servers.Sum(server => server.Requests.Count(request =>
        request.Method == "PUT" || (request.Method == "POST" && !request.Path.Contains("search", StringComparison.Ordinal))));

    private async Task<ITrackingStore> OpenAsync(string kind)
    {
        string name = $"{kind}-{_stores.Count}";
        ITrackingStore store;
        if (kind is "directory")
        {
            store = new DirectoryStore(_folder.Below(name));
        }
        else if (kind is "database")
        {
            Directory.CreateDirectory(_folder.Below(name));
            store = new SqliteStore(_folder.Below(name, "mlflow.db"));
        }
        else
        {
            var version = kind == "2.17" ? MlflowVersion.V2_17 : MlflowVersion.V3_11;
            var behaviour = new TrackingServerOptions { Version = version, KeepsRepeatedPoints = true };
            TrackingServer server = await TrackingServer.StartAsync(behaviour);
            _servers.Add(server);
            store = new RestStore(server.Uri, new ConnectionOptions { Retry = Quick });
        }

        _stores.Add(store);
        return store;
    }

    private async Task<IReadOnlyList<SyncResult>> CopyAsync(
        ITrackingStore source,
        ITrackingStore target,
        CopyOptions? options = null,
        string[]? ids = null,
        CancellationToken cancellation = default)
    {
        var rows = new ConcurrentQueue<SyncResult>();
        var copier = new StoreCopier(source, target, (options ?? new CopyOptions()) with { Warn = _warnings.Enqueue });
        if (ids is null)
            await copier.AddAsync((await source.FindExperimentAsync(Name, cancellation))!, null, ViewType.All, cancellation);
        else
            copier.Add(ids);
        await copier.CopyAsync(rows.Enqueue, cancellation);
        return [.. rows];
    }

    private static Fault Refuse(TrackingServer server, params string[] words) => (context, handle) =>
    {
        string body = Encoding.UTF8.GetString(server.Requests[^1].Body!);
        string? refused = words.FirstOrDefault(word => body.Contains($"\"{word}\"", StringComparison.Ordinal));
        return refused is null
            ? handle()
            : Faults.Answer(400, $$"""{"error_code": "INVALID_PARAMETER_VALUE", "message": "{{refused}} is refused"}""")(context, handle);
    };
}
