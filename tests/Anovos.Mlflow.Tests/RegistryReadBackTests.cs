using System.Security.Cryptography;
using System.Text.Json;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Models that this module registered, as MLflow's own Python client reads them, and the other way round. Needs the server in
/// <c>ANOVOS_TEST_TRACKING_URI</c> and the Python in <c>ANOVOS_TEST_MLFLOW_PYTHON</c>.
/// </summary>
public sealed class RegistryReadBackTests : IDisposable
{
    private readonly ScriptSession _session = new();
    private readonly string _name = $"income {Guid.NewGuid():N}";

    [Fact]
    public void MLflow_reads_a_model_as_it_was_registered()
    {
        string uri = ReadBack.TrackingUri("server");
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

    [Fact]
    public void A_model_that_MLflow_logged_is_received_and_read()
    {
        string uri = ReadBack.TrackingUri("server");
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

    public void Dispose() => _session.Dispose();

    private static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));
}
