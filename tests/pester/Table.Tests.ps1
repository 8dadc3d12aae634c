#Requires -Version 7.4

Describe 'Runs as a table' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:rendering = $PSStyle.OutputRendering
        $PSStyle.OutputRendering = 'PlainText'
        $script:fixed = 'run_id', 'experiment_id', 'status', 'artifact_uri', 'start_time', 'end_time'
    }
    AfterAll {
        $PSStyle.OutputRendering = $rendering
        Restore-Environment
    }
    BeforeEach {
        Enter-Session
        $null = Use-MlflowRun -Name one {
            Write-MlflowMetric @{ rmse = 0.5; nan = [double]::NaN; 'loss/train 1.5' = 3; 'p-1:a' = 7 }
            Write-MlflowParameter @{ 'a b.c' = "two`nlines, `"quoted`"" }
        }
        $null = Use-MlflowRun -Name two { Write-MlflowMetric rmse 0.25; Set-MlflowTag team ops }
        $null = Use-MlflowRun -Name three { Set-MlflowTag team dev }
        $script:rows = Get-MlflowRun -AsTable -OrderBy 'attributes.start_time ASC'
    }
    AfterEach { Exit-Session }

    It 'Export-Csv writes all columns with the names of MLflow, and Import-Csv reads them back' {
        $rows | Export-Csv runs.csv
        $read = Import-Csv runs.csv
        $names = @($read[0].psobject.Properties.Name)
        $names[0..5] | Should -Be $fixed
        $names | Should -Be @($rows[0].psobject.Properties.Name)
        $names | Should -Contain 'metrics.loss/train 1.5'
        $read.'metrics.rmse' | Should -Be '0.5', '0.25', ''
        $read.'metrics.nan' | Should -Be 'NaN', '', ''
        $read.'metrics.p-1:a' | Should -Be '7', '', ''
        $read.'params.a b.c' | Should -Be "two`nlines, `"quoted`"", '', ''
        $read.'tags.team' | Should -Be '', 'ops', 'dev'
        $read.status | Should -Be 'FINISHED', 'FINISHED', 'FINISHED'
    }

    It 'Export-Csv writes times in UTC with milliseconds, in every culture' {
        $culture = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = 'de-DE'
            $rows | Export-Csv runs.csv
        }
        finally { [cultureinfo]::CurrentCulture = $culture }
        $text = (Import-Csv runs.csv)[0].start_time
        $text | Should -Match '^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$'
        [DateTimeOffset]::Parse($text, [cultureinfo]::InvariantCulture) | Should -Be (Get-MlflowRun $rows[0].run_id).StartTime
    }

    It 'Sort-Object sorts by a metric; runs without it come first' {
        ($rows | Sort-Object metrics.rmse).'tags.mlflow.runName' | Should -Be 'three', 'two', 'one'
        ($rows | Sort-Object start_time -Descending).'tags.mlflow.runName' | Should -Be 'three', 'two', 'one'
        ($rows | Sort-Object 'metrics.loss/train 1.5' -Descending)[0].'tags.mlflow.runName' | Should -Be 'one'
    }

    It 'Format-Table shows columns by their names' {
        $lines = ($rows | Format-Table tags.mlflow.runName, metrics.rmse, 'params.a b.c', tags.team | Out-String -Width 120).Trim() -split '\r?\n'
        $lines[0] | Should -Match '^tags\.mlflow\.runName +metrics\.rmse +params\.a b\.c +tags\.team$'
        $lines[3] | Should -Match '^two +0.25\d* +ops$'
    }

    It 'Format-Table without names begins with the fixed columns' {
        $header = ($rows | Format-Table | Out-String -Width 300).Trim() -split '\r?\n' | Select-Object -First 1
        ($header -split '\s+')[0..5] | Should -Be $fixed
    }

    It 'Where-Object, Group-Object and Measure-Object accept the rows' {
        ($rows | Where-Object metrics.rmse -lt 0.4 | Where-Object metrics.rmse -ne $null).'tags.team' | Should -Be 'ops'
        ($rows | Where-Object metrics.rmse -ne $null | Measure-Object metrics.rmse -Average).Average | Should -Be 0.375
        ($rows | Group-Object status).Count | Should -Be 3
    }

    It 'A row is JSON with the time in UTC' {
        $json = $rows[0] | ConvertTo-Json
        $json | Should -BeLike '*"start_time": "????-??-??T??:??:??*Z"*'
        $json | Should -BeLike '*"metrics.rmse": 0.5*'
    }
}
