using System.Text.Json.Nodes;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>A folder in a database, with its ids: beside what <c>mlflow migrate-filestore</c> makes of the same folder.</summary>
public sealed class ExactMoveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_row_is_the_one_that_MLflow_makes()
    {
        MlflowPython.Require();
        string mlruns = _folder.Below("store", "mlruns");
        Directory.CreateDirectory(_folder.Below("store"));
        await MlflowPython.RunAsync(MlflowPython.Start("write_everything.py", mlruns));
        string theirs = _folder.Below("theirs.db"), ours = _folder.Below("ours.db");
        await MlflowPython.RunAsync(MlflowPython.Start("migrate_filestore.py", _folder.Below("store"), theirs));

        var move = new ExactMove(new DirectoryStore(mlruns), new SqliteStore(ours));
        await move.RunAsync();
        Assert.Empty(move.LeftOut);
        await AssertSameAsync(theirs, ours);

        await move.RunAsync();
        Assert.Empty(move.LeftOut);
        await AssertSameAsync(theirs, ours);

        // MLflow upgrades the tables when it opens the file.
        Assert.Equal(await MlflowPython.ReadAsync($"sqlite:///{theirs}"), await MlflowPython.ReadAsync($"sqlite:///{ours}"));
        await AssertSameAsync(theirs, ours);
    }

    [Fact]
    public async Task A_copy_that_was_killed_anywhere_is_completed_and_nothing_is_there_twice()
    {
        var source = new FolderWithModels(_folder);
        string whole = _folder.Below("whole.db");
        var once = new ExactMove(source.Store, new SqliteStore(whole));
        await once.RunAsync();
        string[] expected = Copied(whole);
        Assert.Contains(expected, row => row.StartsWith("logged_models: ", StringComparison.Ordinal));

        for (int step = 0; step < once.Steps; step++)
        {
            string path = _folder.Below($"{step}.db");
            var killed = new ExactMove(source.Store, new SqliteStore(path)) { KilledBefore = step };
            await Assert.ThrowsAsync<OperationCanceledException>(killed.RunAsync);

            await new ExactMove(source.Store, new SqliteStore(path)).RunAsync();

            Assert.Equal(expected, Copied(path));
        }

        // The folder has no default experiment, which each database gets with a time of its own.
        static string[] Copied(string path) =>
            [.. DatabaseRows.Read(path).Where(row => !row.StartsWith("experiments: 0 |", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task A_database_is_the_same_after_a_copy_with_ids()
    {
        using var source = new SqliteStore(SharedMaterial.Database(_folder, "3.11.1"));
        string copy = _folder.Below("copy.db");

        var move = new ExactMove(source, new SqliteStore(copy));
        await move.RunAsync();

        Assert.Empty(move.LeftOut);
        string[] skipped = ["alembic_version", "workspaces"];
        Assert.Equal(Comparable(_folder.Below("3.11.1.db")), Comparable(copy));

        // Newer MLflow has one more column in some tables.
        string[] Comparable(string path) => [.. DatabaseRows.Read(path)
            .Where(row => !skipped.Contains(row.Split(':')[0]))
            .Select(row => Without(Without(row, "", " | default"), "inputs:", " | 0"))
            .Order(StringComparer.Ordinal)];

        static string Without(string row, string start, string end) =>
            row.StartsWith(start, StringComparison.Ordinal) && row.EndsWith(end, StringComparison.Ordinal) ? row[..^end.Length] : row;
    }

    [Fact]
    public async Task Files_of_models_and_sources_of_versions_move_with_the_ids_kept()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the expected places are those of Unix, paths and not URIs");
        var source = new FolderWithModels(_folder);
        using var target = new SqliteStore(_folder.Below("target", "mlflow.db"));
        ILocalStore exact = target;
        Experiment experiment = await source.Store.GetExperimentAsync(FolderWithModels.Experiment, default);
        await exact.KeepExperimentAsync(
            new Experiment { ExperimentId = experiment.ExperimentId, Name = experiment.Name }, default);
        string place = _folder.Below("target", "mlruns", FolderWithModels.Experiment);
        foreach (string id in new[] { FolderWithModels.Parent, FolderWithModels.Child })
        {
            Run run = await source.Store.GetRunAsync(id, default);
            await exact.KeepRunAsync(run with { ArtifactUri = $"{place}/{id}/artifacts" }, default);
        }

        List<string> leftOut = [];
        var ids = new CopiedIds((id, _) => Task.FromResult<string?>(id), (id, _) => Task.FromResult<string?>(id));
        var options = new ModelCopyOptions { KeepIds = true };
        var models = new LoggedModelCopier(source.Store, target, ids, new ModelMove(source, target).CopyFilesAsync, options);
        foreach (string id in new[] { FolderWithModels.Parent, FolderWithModels.Child })
            await models.CopyOfRunAsync(await source.Store.GetRunAsync(id, default), Add, default);
        var copies = new CopiedThings(GetRunAsync, models.FindAsync);
        var copier = new ModelCopier(ModelRegistry.ToCopyFrom(source.Store), ModelRegistry.Of(target), copies, options);
        await copier.CopyAsync(source.ModelName, Add, default);

        LoggedModel model = await ModelRegistry.Of(target).Logged.GetAsync(FolderWithModels.Model, default);
        Assert.Equal(($"{place}/models/{FolderWithModels.Model}/artifacts", "READY"), (model.ArtifactUri, model.Status));
        Assert.Equal("pickle", await File.ReadAllTextAsync(Path.Combine(model.ArtifactUri, "data", "model.pkl")));
        var registry = ModelRegistry.Of(target).As<IListsAllVersions>()!;
        IReadOnlyList<ModelVersion> versions = await registry.ListAllAsync(source.ModelName, default);
        Assert.Equal(
            [
                (1, $"models:/{FolderWithModels.Model}", "None"),
                (2, $"{place}/{FolderWithModels.Parent}/artifacts/conf", "Production"),
                (3, "s3://elsewhere/model", "Deleted_Internal"),
                (4, "s3://elsewhere/model", "None"),
                (5, "runs:/00000000000000000000000000000000/model", "None"),
                (6, $"models:/{source.ModelName}/2", "None"),
            ],
            versions.Select(version => (version.Version, version.Source, version.Stage)));
        Assert.Equal(model.ArtifactUri, versions[0].StorageLocation);
        Assert.Equal(versions[1].Source, versions[1].StorageLocation);
        string kept = $"ModelVersion models:/{source.ModelName}/5: It keeps its source.";
        Assert.StartsWith(kept, Assert.Single(leftOut), StringComparison.Ordinal);

        void Add(string kind, string name, string reason) => leftOut.Add($"{kind} {name}: {reason}");

        async Task<Run?> GetRunAsync(string id, CancellationToken cancellationToken) => id.Trim('0').Length == 0
            ? null
            : await target.GetRunAsync(id, cancellationToken);
    }

    private static async Task AssertSameAsync(string theirs, string ours)
    {
        JsonNode result = JsonNode.Parse(await MlflowPython.RunAsync(MlflowPython.Start("compare_databases.py", theirs, ours)))!;
        Assert.Equal("{}", result["different"]!.ToJsonString());

        // The workspace that every database has since MLflow 3.10.
        JsonObject onlyInOne = result["only in one"]!.AsObject();
        Assert.True(onlyInOne.Count == 0 || onlyInOne.ToJsonString() == """{"workspaces":1}""", onlyInOne.ToJsonString());
        int more = onlyInOne.Count == 0 ? 1 : 0;
        Assert.Equal(19 + more, result["same"]!.AsObject().Count);
    }
}
