using System.Security.Cryptography;
using System.Text.Json;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Reads models that this module registered with MLflow's own Python client, and the other way round. Needs the Python interpreter in
/// <c>ANOVOS_TEST_MLFLOW_PYTHON</c>, and for tests with a server <c>ANOVOS_TEST_TRACKING_URI</c>.
/// </summary>
public sealed class RegistryReadBackTests : IDisposable
{
    private readonly ScriptSession _session = new();
    private readonly string _name = $"income {Guid.NewGuid():N}";

    [Theory]
    [InlineData("server")]
    [InlineData("database")]
    public void MLflow_reads_a_model_as_it_was_registered(string where)
    {
        string uri = ReadBack.TrackingUri(where);
        string[] files = [_session.Write("binning/model.csv", "attribute,cut\nage,30\n"), _session.Write("binning/parts/a b.csv", "a\n"), _session.Write("binning/MLmodel", "flavors: {}\n")];
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $run = Start-MlflowRun
            $null = Send-MlflowArtifact binning models -WarningAction SilentlyContinue
            $null = Get-MlflowArtifact models | Where-Object IsDirectory | New-MlflowModelVersion $Name -Description 'größe' -Tag @{ a = 'ja' } -Alias champion, old
            $null = New-MlflowModelVersion $Name -Source models:/$Name@champion
            Set-MlflowRegisteredModel $Name -Description 'Who earns more' -Tag @{ team = 'ops' }
            Set-MlflowModelVersion $Name 1 -Stage Staging -Tag @{ checked = 'yes' }
            Remove-MlflowModelAlias $Name old -Confirm:$false
            Stop-MlflowRun | Out-Null
            Receive-MlflowModel "models:/$Name/latest" | ForEach-Object Path
            $run.RunId
            """,
            ("Uri", uri), ("Name", _name)).Clean();

        JsonElement read = ReadBack.Model(uri, _name, "champion", _session.Folder);
        JsonElement version = read.GetProperty("version");
        Assert.Equal(("Who earns more", "ops", 1), (read.GetProperty("description").GetString(), ReadBack.Text(read, "tags", "team"), read.GetProperty("aliases").GetProperty("champion").GetInt32()));
        Assert.Single(read.GetProperty("aliases").EnumerateObject());
        Assert.Equal([1, 2], read.GetProperty("versions").EnumerateArray().Select(number => number.GetInt32()));
        Assert.Equal((1, "Staging", "größe", result.Texts[1]), (version.GetProperty("version").GetInt32(), version.GetProperty("stage").GetString(), version.GetProperty("description").GetString(), version.GetProperty("run_id").GetString()));
        Assert.Equal(("ja", "yes"), (ReadBack.Text(version, "tags", "a"), ReadBack.Text(version, "tags", "checked")));
        Assert.EndsWith($"{result.Texts[1]}/artifacts/models/binning", version.GetProperty("source").GetString());

        Dictionary<string, string> sent = files.ToDictionary(file => Path.GetRelativePath(Path.Combine(_session.Folder, "binning"), file), Hash);
        Assert.Equal(sent, Directory.GetFiles(result.Texts[0], "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(result.Texts[0], file), Hash));
        Assert.Equal(sent, read.GetProperty("files").EnumerateObject().ToDictionary(file => file.Name, file => file.Value.GetString()!));
    }

    [Theory]
    [InlineData("server")]
    [InlineData("database")]
    public void A_model_that_MLflow_logged_is_received_and_read(string where)
    {
        string uri = ReadBack.TrackingUri(where);
        string run = ReadBack.Script("log_model.py", _session.Folder, uri, _name).Split('\n')[^1];
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $model = Receive-MlflowModel models:/$Name/1
            $model
            (Get-MlflowRun $RunId | Get-MlflowModelVersion).ModelUri
            (New-MlflowModelVersion $Name model -RunId $RunId).RunId
            (Receive-MlflowModel "models:/$Name/2").Flavors.python_function.python_model
            (Receive-MlflowModel "runs:/$RunId/model").ModelUuid -eq $model.ModelUuid
            if ($model.ModelId) { (Get-MlflowRun $RunId | Get-MlflowLoggedModel).ModelId -eq $model.ModelId } else { $true }
            """,
            ("Uri", uri), ("Name", _name), ("RunId", run)).Clean();

        dynamic model = result.Output[0];
        Assert.Equal(Path.Combine(_session.Folder, _name, "1"), (string)model.Path);
        Assert.Equal((run, 5), ((string)model.RunId, (int)model.Files));
        Assert.Equal("(age: long, job: string?) -> (double)", $"{model.Signature}");
        Assert.Equal("0.5", (string)model.Signature.Params[0].Default);
        Assert.Equal("mlflow.pyfunc.model", (string)model.Flavors["python_function"]["loader_module"]);
        Assert.True((long)model.ModelSizeBytes > 0);
        Assert.Equal([$"models:/{_name}/1", run, "python_model.pkl", "True", "True"], result.Texts[1..]);
    }

    [Fact]
    public void MLflow_and_this_module_change_a_database_in_turn()
    {
        string uri = ReadBack.TrackingUri("database");
        _session.Write("model/MLmodel", "flavors: {}\n");
        string run = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $run = Start-MlflowRun
            $null = Send-MlflowArtifact model -WarningAction SilentlyContinue
            $null = New-MlflowModelVersion $Name model -Description one -Tag @{ a = 'b' } -Alias champion
            $null = New-MlflowModelVersion $Name -Source models:/$Name@champion -Tag @{ c = 'd' } -Alias blue
            $null = New-MlflowModelVersion $Name -Source s3://bucket/x
            Remove-MlflowModelVersion $Name 3 -Confirm:$false
            Set-MlflowModelVersion $Name 2 -Stage Production
            Stop-MlflowRun | Out-Null
            $run.RunId
            """,
            ("Uri", uri), ("Name", _name)).Clean().Texts.Single();
        JsonElement read = Assert.Single(ReadBack.Registry(uri, _session.Folder).EnumerateArray());
        string files = read.GetProperty("versions")[0].GetProperty("files").GetString()!;
        Assert.EndsWith($"{run}/artifacts/model", files);
        Assert.Equal(
            $$$"""
            {"name": "{{{_name}}}", "description": "", "tags": {}, "aliases": {"blue": 2, "champion": 1},
            "latest": [["None", 1], ["Production", 2]], "versions": [
            {"version": 1, "stage": "None", "source": "{{{files}}}", "run_id": "{{{run}}}", "description": "one",
            "status": "READY", "tags": {"a": "b"}, "aliases": ["champion"], "files": "{{{files}}}"},
            {"version": 2, "stage": "Production", "source": "models:/{{{_name}}}/1", "run_id": "{{{run}}}", "description": "",
            "status": "READY", "tags": {"c": "d"}, "aliases": ["blue"], "files": "{{{files}}}"}]}
            """.ReplaceLineEndings(" ").Replace("[ ", "["),
            read.GetRawText());

        // By now MLflow has upgraded the file, while this session is connected to it.
        string changed = $"{_name} größe";
        Assert.Equal("4", ReadBack.Script("change_model.py", _session.Folder, uri, _name, changed).Split('\n')[^1]);
        ScriptResult result = _session.Run(
            """
            Get-MlflowRegisteredModel | ForEach-Object { "$_ $($_.Tags.by) $($_.LatestVersion) $($_.Aliases.Keys)" }
            Get-MlflowModelVersion $Changed | ForEach-Object { "$($_.Version) $($_.Stage) $($_.Source) $($_.Description) $($_.Aliases)" }
            (New-MlflowModelVersion $Changed -Source s3://bucket/y -Alias py).Version
            Set-MlflowModelVersion $Changed 5 -Stage Production -ArchiveExisting
            Set-MlflowRegisteredModel $Changed -NewName $Name -Tag @{ by = 'us' }
            Remove-MlflowModelVersion $Name 2 -Confirm:$false
            """,
            ("Changed", changed)).Clean();
        Assert.Equal(
            [$"{changed} mlflow 4 blue py", "4 Production s3://bucket/py größe py", $"2 Archived models:/{_name}/1  blue", "5"],
            result.Texts);
        read = Assert.Single(ReadBack.Registry(uri, _session.Folder).EnumerateArray());
        Assert.Equal(
            (_name, "us", """{"py": 5}""", """[["Archived", 4], ["Production", 5]]"""),
            (read.GetProperty("name").GetString(), ReadBack.Text(read, "tags", "by"), read.GetProperty("aliases").GetRawText(),
                read.GetProperty("latest").GetRawText()));
    }

    [Fact]
    public async Task MLflow_and_this_module_add_versions_to_a_database_at_the_same_time()
    {
        const int Each = 20;
        string uri = ReadBack.TrackingUri("database");
        _session.Run("Connect-Mlflow $Uri | Out-Null; $null = New-MlflowRegisteredModel $Name", ("Uri", uri), ("Name", _name)).Clean();
        // MLflow upgrades a new file when it opens it. Two upgrades at the same time fail.
        ReadBack.Registry(uri, _session.Folder);
        Task<string>[] others = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(
            () => ReadBack.Script("add_versions.py", _session.Folder, uri, _name, $"{Each}"), TestContext.Current.CancellationToken))];
        ScriptResult result = _session.Run(
            """
            foreach ($i in 1..$Each) {
                $null = New-MlflowModelVersion $Name -Source s3://bucket/$i -Alias newest
                [Threading.Thread]::Sleep(50)
            }
            """,
            ("Each", Each));
        await Task.WhenAll(others);
        result.Clean();
        JsonElement read = Assert.Single(ReadBack.Registry(uri, _session.Folder).EnumerateArray());
        Assert.Equal(
            Enumerable.Range(1, 3 * Each),
            read.GetProperty("versions").EnumerateArray().Select(version => version.GetProperty("version").GetInt32()));
        Assert.Equal(
            Each,
            read.GetProperty("versions").EnumerateArray().Count(version => !version.GetProperty("source").GetString()!.Contains("/py/")));
    }

    public void Dispose() => _session.Dispose();

    private static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));
}
