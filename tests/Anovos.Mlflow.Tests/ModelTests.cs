using System.Text;
using System.Text.RegularExpressions;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests models and their registry as a script uses them.</summary>
public sealed class ModelTests : IAsyncLifetime
{
    private const string ModelFile = "flavors:\n  python_function: {loader_module: mlflow.sklearn}\nsignature:\n  inputs: '[{\"name\": \"age\", \"type\": \"long\"}]'\nrun_id: 5d66abc73c83447e83276a882ca31231\n";

    private readonly ScriptSession _session = new();
    private TrackingServer _server = null!;

    [Fact]
    public void Registered_models_are_made_listed_changed_and_removed()
    {
        ScriptResult result = _session.Run(
            """
            'income', 'churn' | New-MlflowRegisteredModel -Description 'first' -Tag @{ team = 'ops' } | ForEach-Object { "made $_ $($_.Description) $($_.Tags.team)" }
            (Get-MlflowRegisteredModel).Name -join ','
            (Get-MlflowRegisteredModel in*, churn).Name -join ','
            (Get-MlflowRegisteredModel -Filter "name LIKE 'c%'").Name
            (Get-MlflowRegisteredModel -First 1).Name
            Get-MlflowRegisteredModel churn | Set-MlflowRegisteredModel -Description 'second' -Tag @{ a = 1 } -RemoveTag team -NewName leave -PassThru | ForEach-Object { "$_ $($_.Description) $($_.Tags.Keys)" }
            Set-MlflowRegisteredModel leave -Description ''
            Remove-MlflowRegisteredModel leave -WhatIf
            Get-MlflowRegisteredModel leave | Remove-MlflowRegisteredModel -Confirm:$false
            (Get-MlflowRegisteredModel).Name -join ','
            """).Clean();
        Assert.Equal(["made income first ops", "made churn first ops", "churn,income", "income,churn", "churn", "churn", "leave second a", "income"], result.Texts);
    }

    [Fact]
    public void A_folder_of_a_run_becomes_a_version_with_an_alias_and_is_received()
    {
        _session.Write("model/MLmodel", ModelFile);
        _session.Write("model/data/model.bin", "1234");
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun
            $null = Send-MlflowArtifact model
            $made = Get-MlflowArtifact | New-MlflowModelVersion income -Description one -Tag @{ a = 'b' } -Alias champion
            "$made $($made.RunId -eq $run.RunId) $($made.Description) $($made.Tags.a) $($made.Aliases)"
            (New-MlflowModelVersion income model).Version
            Stop-MlflowRun | Get-MlflowModelVersion | ForEach-Object Version
            (Get-MlflowModelVersion -ModelUri models:/income@champion).Version
            (Get-MlflowModelVersion income -Alias champion).Version
            (Get-MlflowRegisteredModel income | Get-MlflowModelVersion -First 1).Version
            Get-MlflowModelVersion income 1 | Set-MlflowModelVersion -Stage Production -Description eins -Tag @{ c = 'd' } -RemoveTag a -PassThru | ForEach-Object { "$($_.Stage) $($_.Description) $($_.Tags.c) $($_.Tags.a)" }
            Set-MlflowModelVersion income 2 -Stage Production -ArchiveExisting
            (Get-MlflowModelVersion income -Stage Archived).Version
            (Get-MlflowModelVersion -Filter "name = 'income'").Count
            Get-MlflowModelVersion income 2 | Set-MlflowModelAlias -Alias champion, blue
            Remove-MlflowModelAlias income blue -Confirm:$false
            $model = Receive-MlflowModel models:/income@champion -Destination got
            "$($model.ModelUri) $($model.Files) $($model.Length) $($model.RunId) $($model.Flavors.python_function.loader_module) $($model.Signature.Inputs[0].Name)"
            $model.Path
            (Get-MlflowModelVersion income | Receive-MlflowModel -Destination got).Path
            (Receive-MlflowModel "runs:/$($run.RunId)/model").Name
            Receive-MlflowModel models:/income/2 -Destination nowhere -WhatIf
            Get-MlflowModelVersion income 1 | Remove-MlflowModelVersion -Confirm:$false
            (Get-MlflowModelVersion income).Version
            """).Clean();
        string got = Path.Combine(_session.Folder, "got", "income");
        Assert.Equal(
            ["models:/income/1 True one b champion", "2", "2", "1", "1", "1", "2", "Production eins d ", "1", "2",
                $"models:/income/2 2 {ModelFile.Length + 4} 5d66abc73c83447e83276a882ca31231 mlflow.sklearn age", Path.Combine(got, "2"), Path.Combine(got, "2"), Path.Combine(got, "1"), "", "2"],
            result.Texts);
        Assert.Equal("1234", File.ReadAllText(Path.Combine(got, "1", "data", "model.bin")));
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "nowhere")));
    }

    [Fact]
    public void A_model_with_a_bad_signature_is_received_with_a_warning()
    {
        _session.Write("model/MLmodel", ModelFile.Replace("[{", "[", StringComparison.Ordinal));
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun
            $null = Send-MlflowArtifact model
            $model = Receive-MlflowModel "runs:/$($run.RunId)/model"
            "$($model.Flavors.Keys) $($model.RunId) $($model.Signature.Inputs.Count)"
            """);
        Assert.Empty(result.Errors);
        Assert.Equal(["python_function 5d66abc73c83447e83276a882ca31231 0"], result.Texts);
        Assert.Matches("MLmodel:4:11: The field 'signature.inputs' cannot be read and is left out: ", Assert.Single(result.Warnings));
    }

    [Fact]
    public void A_version_of_a_version_keeps_where_it_came_from_and_any_place_can_be_a_source()
    {
        _session.Write("model/model.csv", "attribute,cut\n");
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun
            $null = Send-MlflowArtifact model
            $first = New-MlflowModelVersion -Name binning -Source "runs:/$($run.RunId)/model"
            $first | New-MlflowModelVersion binning-prod | ForEach-Object { "$_ $($_.Source) $($_.RunId -eq $run.RunId)" }
            (New-MlflowModelVersion binning -Source s3://bucket/models/binning).Source
            $model = Receive-MlflowModel models:/binning-prod/latest
            "$($model.Path) $($model.Flavors.Count) $($model.RunId -eq $run.RunId)"
            New-MlflowModelVersion other model -WhatIf
            @(Get-MlflowRegisteredModel).Count
            """).Clean();
        Assert.Equal(
            ["models:/binning-prod/1 models:/binning/1 True", "s3://bucket/models/binning", $"{Path.Combine(_session.Folder, "binning-prod", "1")} 0 True", "2"],
            result.Texts);
    }

    [Fact]
    public async Task Logged_models_are_found_by_id_run_and_experiment_registered_and_received()
    {
        string run = _session.Run("$run = Start-MlflowRun; Stop-MlflowRun | Out-Null; $run.RunId").Clean().Texts.Single();
        using var client = new HttpClient { BaseAddress = _server.Uri };
        using var model = new StringContent($$"""{"experiment_id": "0", "name": "tree", "source_run_id": "{{run}}", "model_type": "Agent", "params": [{"key": "depth", "value": "3"}]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await client.PostAsync("api/2.0/mlflow/logged-models", model, TestContext.Current.CancellationToken);
        string id = (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\"model_id\": \"")[1].Split('"')[0];
        using HttpResponseMessage put = await client.PutAsync($"api/2.0/mlflow-artifacts/artifacts/0/models/{id}/artifacts/MLmodel", new ByteArrayContent(Encoding.UTF8.GetBytes(ModelFile)), TestContext.Current.CancellationToken);
        put.EnsureSuccessStatusCode();
        using var ready = new StringContent(
            $$"""{"model_id": "{{id}}", "status": "LOGGED_MODEL_READY"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage finalized = await client.PatchAsync(
            $"api/2.0/mlflow/logged-models/{id}", ready, TestContext.Current.CancellationToken);
        finalized.EnsureSuccessStatusCode();

        ScriptResult result = _session.Run(
            """
            Get-MlflowLoggedModel $Id | ForEach-Object { "$_ $($_.Name) $($_.Status) $($_.ModelType) $($_.Params.depth)" }
            ($run | Get-MlflowLoggedModel).ModelId -eq $Id
            (Get-MlflowLoggedModel -Experiment Def* -Filter "name = 'tree'").ModelId -eq $Id
            $version = New-MlflowModelVersion income tree -RunId $run.RunId
            "$($version.Source) $($version.RunId -eq $run.RunId)"
            (Receive-MlflowModel models:/income/1).Flavors.Keys
            (Get-MlflowLoggedModel | Receive-MlflowModel).Path
            """,
            ("Id", id)).Clean();
        Assert.Equal([$"models:/{id} tree READY Agent 3", "True", "True", $"models:/{id} True", "python_function", Path.Combine(_session.Folder, id)], result.Texts);
    }

    [Fact]
    public void What_goes_wrong_is_an_error_with_a_name_that_stops_no_other()
    {
        ScriptResult result = _session.Run(
            """
            $null = New-MlflowRegisteredModel income
            $null = New-MlflowModelVersion income -Source s3://bucket/x
            'income', 'churn' | New-MlflowRegisteredModel | ForEach-Object Name
            Get-MlflowRegisteredModel none, income | ForEach-Object Name
            Get-MlflowModelVersion none
            Get-MlflowModelVersion income 7, 1 | ForEach-Object Version
            Get-MlflowModelVersion income -Alias champion
            Get-MlflowModelVersion -ModelUri income
            Set-MlflowModelAlias income 'a b' 1
            Set-MlflowModelAlias income latest 1
            Set-MlflowModelAlias income champion 7
            Remove-MlflowModelVersion income 7 -Confirm:$false
            Remove-MlflowRegisteredModel none -Confirm:$false
            Receive-MlflowModel models:/income/7
            $run = Start-MlflowRun
            New-MlflowModelVersion income nothing
            Get-MlflowLoggedModel m-1
            """);
        Assert.Equal(["churn", "income", "1"], result.Texts);
        Assert.Equal(
            ["ModelExists", "ModelNotFound", "ModelNotFound", "ModelVersionNotFound", "ModelVersionNotFound", "InvalidValue", "InvalidValue", "InvalidValue",
                "ModelVersionNotFound", "ModelVersionNotFound", "ModelNotFound", "ModelVersionNotFound", "ArtifactNotFound", "ModelNotFound"],
            result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
    }

    [Theory]
    [InlineData("''")]
    [InlineData("'  '")]
    [InlineData("$null")]
    public async Task An_empty_filter_finds_everything(string filter)
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        ScriptResult result = _session.Run(
            $$"""
            Connect-Mlflow $Uri | Out-Null
            $null = New-MlflowRegisteredModel a, b
            $run = Start-MlflowRun
            $null = New-MlflowModelVersion a -ModelUri s3://bucket/a
            @(Get-MlflowRun -Filter {{filter}}).Count
            @(Get-MlflowRun -Filter {{filter}} -Status Running).Count
            @(Get-MlflowRegisteredModel -Filter {{filter}}).Count
            @(Get-MlflowModelVersion -Filter {{filter}}).Count
            @(Get-MlflowLoggedModel -Filter {{filter}}).Count
            Stop-MlflowRun | Out-Null
            $null = Start-MlflowRun -TrackingUri ./store
            @(Get-MlflowRun -Filter {{filter}} -TrackingUri ./store).Count
            """,
            ("Uri", server.Uri.ToString()));
        Assert.Equal(["1", "1", "2", "1", "0", "1"], result.Clean().Texts);
    }

    [Theory]
    [InlineData("Get-MlflowRegisteredModel -TrackingUri ./mlruns", "is a folder")]
    [InlineData("Get-MlflowModelVersion a -RegistryUri uc:http://127.0.0.1:8080", "Unity Catalog")]
    [InlineData("Receive-MlflowModel models:/a/1 -RegistryUri uc:http://127.0.0.1:8080", "Unity Catalog")]
    public void A_store_without_a_registry_ends_the_command(string script, string words)
    {
        ScriptResult result = _session.Run($"try {{ {script} }} catch {{ $_.FullyQualifiedErrorId.Split(',')[0]; $_.Exception.Message }}");
        Assert.Equal("NotSupported", result.Texts[0]);
        Assert.Contains(words, result.Texts[1]);
    }

    [Fact]
    public void MLFLOW_REGISTRY_URI_names_another_registry()
    {
        ScriptResult result = _session.Run(
            """
            $env:MLFLOW_REGISTRY_URI = 'uc:http://127.0.0.1:8080'
            try { Get-MlflowRegisteredModel } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            $env:MLFLOW_REGISTRY_URI = $Uri
            Connect-Mlflow ./mlruns | Out-Null
            (New-MlflowRegisteredModel there).TrackingUri
            """,
            ("Uri", _server.Uri.ToString()));
        Environment.SetEnvironmentVariable("MLFLOW_REGISTRY_URI", null);
        Assert.Equal(["NotSupported", _server.Uri.ToString().TrimEnd('/')], result.Clean().Texts);
        Assert.Equal("there", Assert.Single(_server.Models).Name);
    }

    [Fact]
    public void Nothing_is_changed_with_WhatIf_and_removing_asks()
    {
        _session.Run("$null = New-MlflowModelVersion income -Source s3://bucket/x -Alias champion").Clean();
        int before = _server.Requests.Count(request => request.Method != "GET");
        _session.Run(
            """
            New-MlflowRegisteredModel b -WhatIf
            Set-MlflowRegisteredModel income -Description a -Tag @{ a = 1 } -NewName c -WhatIf
            Remove-MlflowRegisteredModel income -WhatIf
            New-MlflowModelVersion income -Source s3://bucket/y -Alias blue -WhatIf
            Set-MlflowModelVersion income 1 -Stage Archived -WhatIf
            Remove-MlflowModelVersion income 1 -WhatIf
            Set-MlflowModelAlias income blue 1 -WhatIf
            Remove-MlflowModelAlias income champion -WhatIf
            """).Clean();
        Assert.Equal(before, _server.Requests.Count(request => request.Method != "GET"));

        // Nobody can answer the prompt, so nothing is removed.
        ScriptResult asked = _session.Run("foreach ($remove in { Remove-MlflowRegisteredModel income }, { Remove-MlflowModelVersion income 1 }, { Remove-MlflowModelAlias income champion }) { try { & $remove } catch { 'asked' } }");
        Assert.Equal(["asked", "asked", "asked"], asked.Texts);
        Assert.Equal("1", Assert.Single(_server.Models).Aliases["champion"]);
    }

    [Fact]
    public void Names_versions_aliases_and_URIs_are_completed()
    {
        ScriptResult result = _session.Run(
            """
            $null = New-MlflowModelVersion "in'come" -Source s3://bucket/x -Alias champion
            $null = New-MlflowModelVersion "in'come" -Source s3://bucket/y
            foreach ($line in 'Get-MlflowRegisteredModel i', "Get-MlflowModelVersion 'in''come' -Version ", "Set-MlflowModelAlias 'in''come' ch", 'Receive-MlflowModel models:/in') {
                [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText
            }
            """).Clean();
        Assert.Equal(["'in''come'", "2", "1", "'champion'", "'models:/in''come@champion'", "'models:/in''come/latest'"], result.Texts);
    }

    [Fact]
    public void Tables_show_what_a_person_looks_for_and_no_name_as_a_command()
    {
        string script = _session.Write("script.ps1",
            """
            param($Uri)
            Connect-Mlflow $Uri | Out-Null
            $null = New-MlflowRegisteredModel income -Description "red$([char]27)[31m##vso[task.complete]"
            $null = New-MlflowModelVersion income -ModelUri s3://bucket/x -Alias champion
            Get-MlflowRegisteredModel | Out-Default
            Get-MlflowModelVersion income | Out-Default
            """);
        (int exitCode, string output, string error) =
            HostTests.Run(Repository.HostProgram, Repository.HostArguments(script, _server.Uri.ToString()), _session.Folder);
        Assert.True(exitCode == 0, error);
        output = Regex.Replace(output, @"\u001b\[[0-9;]*m", match => match.Value == "\u001b[31m" ? "!" : "");
        Assert.Matches(@"(?s)Name +Latest +Aliases +Description.*income +1 +champion=1 +red.*Name +Version +Stage +Aliases +Source.*income +1 +None +champion +s3://bucket/x", output);
        Assert.DoesNotContain("red!", output);
        Assert.DoesNotContain("##vso", output);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync();
        _session.Run("Connect-Mlflow $Uri | Out-Null", ("Uri", _server.Uri.ToString())).Clean();
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        await _server.DisposeAsync();
    }
}
