namespace Anovos.Mlflow.Tests;

/// <summary>Tests models and their registry in a database without a server, as a script uses them.</summary>
public sealed class SqliteModelTests : IDisposable
{
    private const string ModelFile = """
        flavors:
          python_function: {loader_module: mlflow.sklearn}
        signature:
          inputs: '[{"name": "age", "type": "long"}]'

        """;

    private readonly ScriptSession _session = new();

    [Fact]
    public void Registered_models_are_made_listed_changed_and_removed()
    {
        ScriptResult result = _session.Run(
            """
            @(Get-MlflowRegisteredModel -TrackingUri sqlite:///x.db -WarningAction SilentlyContinue).Count
            [IO.File]::Exists("$PWD/x.db")
            'income', 'churn' | New-MlflowRegisteredModel -Description 'first' -Tag @{ team = 'ops' } -TrackingUri sqlite:///x.db |
                ForEach-Object { "made $_ $($_.Description) $($_.Tags.team)" }
            Connect-Mlflow sqlite:///x.db | Out-Null
            (Get-MlflowRegisteredModel).Name -join ','
            (Get-MlflowRegisteredModel in*, churn).Name -join ','
            (Get-MlflowRegisteredModel -Filter "name LIKE 'c%'").Name
            (Get-MlflowRegisteredModel -First 1).Name
            Get-MlflowRegisteredModel churn |
                Set-MlflowRegisteredModel -Description 'second' -Tag @{ a = 1 } -RemoveTag team -NewName leave -PassThru |
                ForEach-Object { "$_ $($_.Description) $($_.Tags.Keys)" }
            Set-MlflowRegisteredModel leave -Description ''
            Remove-MlflowRegisteredModel leave -WhatIf
            Get-MlflowRegisteredModel leave | Remove-MlflowRegisteredModel -Confirm:$false
            (Get-MlflowRegisteredModel).Name -join ','
            (Get-MlflowRegisteredModel).TrackingUri -eq "sqlite:///$PWD/x.db"
            """).Clean();
        Assert.Equal(
            ["0", "False", "made income first ops", "made churn first ops", "churn,income", "income,churn", "churn", "churn",
                "leave second a", "income", OperatingSystem.IsWindows() ? "False" : "True"],
            result.Texts);
    }

    [Fact]
    public void A_folder_of_a_run_becomes_a_version_with_an_alias_and_is_received()
    {
        _session.Write("model/MLmodel", ModelFile);
        _session.Write("model/data/model.bin", "1234");
        ScriptResult result = _session.Run(
            """
            $where = @{ TrackingUri = 'sqlite:///data/x.db' }
            $run = Start-MlflowRun @where
            $null = Send-MlflowArtifact model
            $made = Get-MlflowArtifact | New-MlflowModelVersion income -Description one -Tag @{ a = 'b' } -Alias champion
            "$made $($made.RunId -eq $run.RunId) $($made.Description) $($made.Tags.a) $($made.Aliases)"
            (New-MlflowModelVersion income model).Version
            Stop-MlflowRun | Get-MlflowModelVersion | ForEach-Object Version
            (Get-MlflowModelVersion -ModelUri models:/income@champion @where).Version
            (Get-MlflowModelVersion income -Alias champion @where).Version
            (Get-MlflowRegisteredModel income @where | Get-MlflowModelVersion -First 1).Version
            Get-MlflowModelVersion income 1 @where |
                Set-MlflowModelVersion -Stage Production -Description eins -Tag @{ c = 'd' } -RemoveTag a -PassThru |
                ForEach-Object { "$($_.Stage) $($_.Description) $($_.Tags.c) $($_.Tags.a)" }
            Set-MlflowModelVersion income 2 -Stage Production -ArchiveExisting @where
            (Get-MlflowModelVersion income -Stage Archived @where).Version
            @(Get-MlflowModelVersion -Filter "name = 'income'" @where).Count
            Get-MlflowModelVersion income 2 @where | Set-MlflowModelAlias -Alias champion, blue
            Remove-MlflowModelAlias income blue -Confirm:$false @where
            $model = Receive-MlflowModel models:/income@champion -Destination got @where
            "$($model.ModelUri) $($model.Files) $($model.RunId -eq $run.RunId) $($model.Flavors.Keys) $($model.Signature.Inputs[0].Name)"
            (Get-MlflowModelVersion income @where | Receive-MlflowModel -Destination got).ModelUri
            (Receive-MlflowModel "runs:/$($run.RunId)/model" @where).Files
            (New-MlflowModelVersion prod -Source models:/income/Production @where).Source
            (Receive-MlflowModel models:/prod/latest @where).Files
            Get-MlflowModelVersion income 1 @where | Remove-MlflowModelVersion -Confirm:$false
            (Get-MlflowModelVersion income @where).Version
            (New-MlflowModelVersion income -Source s3://bucket/x @where).Version
            """).Clean();
        Assert.Equal(
            ["models:/income/1 True one b champion", "2", "2", "1", "1", "1", "2", "Production eins d ", "1", "2",
                "models:/income/2 2 True python_function age", "models:/income/2", "models:/income/1", "2", "models:/income/2", "2", "2", "3"],
            result.Texts);
        Assert.Equal("1234", File.ReadAllText(Path.Combine(_session.Folder, "got", "income", "1", "data", "model.bin")));
    }

    [Fact]
    public void What_goes_wrong_is_an_error_with_a_name_that_stops_no_other()
    {
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow sqlite:///x.db | Out-Null
            Set-MlflowModelAlias income champion 1
            Remove-MlflowRegisteredModel none -Confirm:$false
            [IO.File]::Exists("$PWD/x.db")
            $null = New-MlflowRegisteredModel income
            $null = New-MlflowModelVersion income -Source s3://bucket/x
            'income', 'a/b', 'churn' | New-MlflowRegisteredModel | ForEach-Object Name
            Get-MlflowRegisteredModel none, income | ForEach-Object Name
            Get-MlflowModelVersion none
            Get-MlflowModelVersion income 7, 1 | ForEach-Object Version
            Get-MlflowModelVersion income -Alias champion
            Get-MlflowModelVersion -Filter 'name > 1'
            Set-MlflowModelAlias income 'a b' 1
            Set-MlflowModelAlias income latest 1
            Set-MlflowModelAlias income v1 1
            Set-MlflowModelAlias income champion 7
            Remove-MlflowModelAlias income champion -Confirm:$false
            Remove-MlflowModelVersion income 7 -Confirm:$false
            Set-MlflowModelVersion income 1 -Stage None -ArchiveExisting
            New-MlflowModelVersion income -Source s3://bucket/../x
            Receive-MlflowModel models:/income/7
            """);
        Assert.Equal(["False", "churn", "income", "1"], result.Texts);
        Assert.Equal(
            ["ModelVersionNotFound", "ModelNotFound", "ModelExists", "InvalidValue", "ModelNotFound", "ModelNotFound",
                "ModelVersionNotFound", "ModelVersionNotFound", "InvalidValue", "InvalidValue", "InvalidValue", "InvalidValue",
                "ModelVersionNotFound", "ModelVersionNotFound", "ModelVersionNotFound", "InvalidValue", "InvalidValue",
                "ModelVersionNotFound"],
            result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
    }

    [Fact]
    public void A_database_from_before_MLflow_3_has_no_logged_models()
    {
        ScriptResult result = _session.Run(
            """
            @(Get-MlflowLoggedModel -TrackingUri sqlite:///x.db).Count
            $null = New-MlflowRegisteredModel income -TrackingUri sqlite:///x.db
            try { Get-MlflowLoggedModel -TrackingUri sqlite:///x.db } catch { $_.FullyQualifiedErrorId.Split(',')[0]; $_.Exception.Message }
            """);
        Assert.Equal(["0", "NotSupported"], result.Texts[..2]);
        Assert.Contains("MLflow 3 adds", result.Texts[2]);
    }

    [Fact]
    public void MLFLOW_REGISTRY_URI_names_a_database()
    {
        ScriptResult result = _session.Run(
            """
            $env:MLFLOW_REGISTRY_URI = 'sqlite:///registry.db'
            Connect-Mlflow ./mlruns | Out-Null
            $null = New-MlflowRegisteredModel there
            $env:MLFLOW_REGISTRY_URI = $null
            (Get-MlflowRegisteredModel -TrackingUri sqlite:///registry.db).Name
            """);
        Assert.Equal(["there"], result.Clean().Texts);
    }

    [Fact]
    public void Nothing_is_changed_with_WhatIf()
    {
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow sqlite:///x.db | Out-Null
            New-MlflowRegisteredModel b -WhatIf
            New-MlflowModelVersion b -Source s3://bucket/x -WhatIf
            [IO.File]::Exists("$PWD/x.db")
            $null = New-MlflowModelVersion income -Source s3://bucket/x -Alias champion
            $before = [IO.File]::ReadAllBytes("$PWD/x.db") -join ','
            Set-MlflowRegisteredModel income -Description a -Tag @{ a = 1 } -NewName c -WhatIf
            Remove-MlflowRegisteredModel income -WhatIf
            New-MlflowModelVersion income -Source s3://bucket/y -Alias blue -WhatIf
            Set-MlflowModelVersion income 1 -Stage Archived -WhatIf
            Remove-MlflowModelVersion income 1 -WhatIf
            Set-MlflowModelAlias income blue 1 -WhatIf
            Remove-MlflowModelAlias income champion -WhatIf
            ([IO.File]::ReadAllBytes("$PWD/x.db") -join ',') -eq $before
            """).Clean();
        Assert.Equal(["False", "True"], result.Texts);
    }

    [Fact]
    public void Names_versions_aliases_and_URIs_are_completed()
    {
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow sqlite:///x.db | Out-Null
            $null = New-MlflowModelVersion "in'come" -Source s3://bucket/x -Alias champion
            $null = New-MlflowModelVersion "in'come" -Source s3://bucket/y
            $lines = 'Get-MlflowRegisteredModel i', "Get-MlflowModelVersion 'in''come' -Version ",
                "Set-MlflowModelAlias 'in''come' ch", 'Receive-MlflowModel models:/in'
            foreach ($line in $lines) {
                [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText
            }
            """).Clean();
        Assert.Equal(["'in''come'", "2", "1", "'champion'", "'models:/in''come@champion'", "'models:/in''come/latest'"], result.Texts);
    }

    public void Dispose() => _session.Dispose();
}
