using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Checks the files of a directory store after removing, restoring and renaming.</summary>
public sealed class DirectoryStoreTrashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;
    private readonly DirectoryStore _store;

    public DirectoryStoreTrashTests()
    {
        _root = _folder.Below("größe a#b", "mlruns");
        _store = new DirectoryStore(_root);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_experiment_moves_to_the_trash_folder_with_the_stage_in_every_file()
    {
        string id = await _store.CreateExperimentAsync(new("x"), default);
        string run = (await _store.CreateRunAsync(new(id, "run", "me", 1), default)).RunId;

        await _store.MoveExperimentAsync(id, LifecycleStage.Deleted, default);

        Assert.False(Directory.Exists(Path.Combine(_root, id)));
        Assert.Equal("deleted", Field(Meta(".trash", id), "lifecycle_stage"));
        Assert.Equal("deleted", Field(Meta(".trash", id, run), "lifecycle_stage"));
        Assert.Matches("^[0-9]{13}$", Field(Meta(".trash", id, run), "deleted_time"));

        await _store.MoveExperimentAsync(id, LifecycleStage.Active, default);

        Assert.Equal("active", Field(Meta(id), "lifecycle_stage"));
        Assert.Equal(("active", "null"), (Field(Meta(id, run), "lifecycle_stage"), Field(Meta(id, run), "deleted_time")));
        Assert.False(Directory.Exists(Path.Combine(_root, ".trash", id)));
    }

    [Fact]
    public async Task A_removal_that_was_interrupted_is_done_when_it_is_done_again()
    {
        string id = await _store.CreateExperimentAsync(new("x"), default);
        string run = (await _store.CreateRunAsync(new(id, "run", "me", 1), default)).RunId;
        File.WriteAllText(Meta(id), File.ReadAllText(Meta(id)).Replace("active", "deleted"));

        await _store.MoveExperimentAsync(id, LifecycleStage.Deleted, default);

        Assert.Equal("deleted", Field(Meta(".trash", id, run), "lifecycle_stage"));
    }

    [Fact]
    public async Task What_another_MLflow_wrote_into_a_file_is_kept()
    {
        string id = await _store.CreateExperimentAsync(new("x"), default);
        File.WriteAllText(Meta(id), $"artifact_location: file:///x\ncreation_time: 1\nexperiment_id: '{id}'\nlast_update_time: 1\nlifecycle_stage: active\nname: 'a long name that\n\n  goes on'\ntags:\n  a: '1'\ntrace_location: null\nworkspace: default\n");

        await _store.RenameExperimentAsync(id, "$1 new", default);

        string time = Field(Meta(id), "last_update_time");
        Assert.NotEqual("1", time);
        Assert.Equal($"artifact_location: file:///x\ncreation_time: 1\nexperiment_id: '{id}'\nlast_update_time: {time}\nlifecycle_stage: active\nname: '$1 new'\ntags:\n  a: '1'\ntrace_location: null\nworkspace: default\n", File.ReadAllText(Meta(id)));
        Assert.Equal("$1 new", (await _store.GetExperimentAsync(id, default)).Name);
    }

    [Fact]
    public async Task The_experiment_Default_is_not_removed()
    {
        await _store.CreateRunAsync(new("0", "x", "me", 1), default);

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => _store.MoveExperimentAsync("0", LifecycleStage.Deleted, default));

        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        Assert.True(Directory.Exists(Path.Combine(_root, "0")));
    }

    private string Meta(params string[] path) => Path.Combine([_root, .. path, "meta.yaml"]);

    private static string Field(string file, string name) => Assert.Single(File.ReadAllLines(file), line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split(' ', 2)[1];
}
