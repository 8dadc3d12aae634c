using System.Text.Json.Nodes;
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
