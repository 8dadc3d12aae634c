#Requires -Version 7.4

Describe 'The whole job: Invoke-AnovosWorkflow' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:customers = Join-Path $TestDrive customers
        Copy-Item (Get-RepositoryPath 'samples/customers') $customers -Recurse
        $script:says = '2026-11-20 10:12:03.482 | INFO     | anovos.workflow:main:519 - '

        # A workflow with the output of Anovos, which writes the outputs of the sample.
        $script:workflow = @(
            "[Console]::Error.WriteLine('${says}stats_generator, global_summary: execution time (in secs) =3.4107')"
            '"joined $env:MLFLOW_RUN_ID"'
            'Get-ChildItem output, report_stats, intermediate_data -Recurse -File | ForEach-Object { $_.LastWriteTime = Get-Date }'
            "[Console]::Error.WriteLine('${says}execution time w/o report (in sec) =201.4')"
        ) -join '; '
    }
    AfterAll { Restore-Environment }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    It 'is one line, and its run records the program, the data, the duration and the result' {
        $run = Import-AnovosConfig "$customers/config.yaml" |
            Invoke-AnovosWorkflow (Get-Pwsh) '-NoProfile' '-Command' $workflow -WorkingDirectory $customers -TrackingUri ./mlruns -InformationVariable said 6> $null

        "$($run.Experiment) $($run.Status)" | Should -Be 'Customers Finished'
        $said.ForEach({ "$_" }) | Should -Contain "joined $($run.RunId)"
        $run.Metrics['time/stats_generator/global_summary'] | Should -Be 3.4107
        $run.Metrics['time/without_report'] | Should -Be 201.4
        $run.Metrics['time/total'] | Should -BeGreaterThan 0
        $run.Metrics['global_summary/rows_count'] | Should -BeGreaterThan 0
        $run.Inputs.Name | Should -Be 'input_dataset', 'join_dataset.dataset1'
        $run.Params['write_main.file_path'] | Should -Be 'output'
        $artifacts = (Get-StoredArtifact $run).Keys
        $artifacts | Should -Contain 'logs/workflow.log'
        $artifacts | Should -Contain 'report_stats/ml_anovos_report.html'
        $LASTEXITCODE | Should -Be 0
    }

    It 'ends a script with an error that its id identifies, and leaves no run active' {
        { Import-AnovosConfig "$customers/config.yaml" | Invoke-AnovosWorkflow (Get-Pwsh) '-NoProfile' '-Command' 'exit 9' -WorkingDirectory $customers -TrackingUri ./mlruns } |
            Should -Throw -ErrorId 'WorkflowFailed*'
        $LASTEXITCODE | Should -Be 9
        (Get-MlflowRun -TrackingUri ./mlruns -Experiment Customers).Status | Should -Be 'Failed'
        { Write-MlflowMetric late 1 } | Should -Throw -ErrorId 'NoActiveRun*'
    }

    It 'reports the changes since another run' {
        $before = Start-MlflowRun
        Write-AnovosStatistic "$customers/report_stats"
        $null = Stop-MlflowRun
        $null = New-Item -ItemType Directory later
        (Get-Content "$customers/report_stats/global_summary.csv") -replace '^rows_count,.*', 'rows_count,1' | Set-Content later/global_summary.csv
        $null = Start-MlflowRun
        $moved = Write-AnovosStatistic later -Compare $before
        $null = Stop-MlflowRun
        $moved.Key | Should -Be 'global_summary/rows_count'
        $moved.After | Should -Be 1
        $moved.Percent | Should -BeLessThan 0
        ($moved | Out-String) | Should -Match 'Before\s+After\s+Percent\s+Key'
    }
}
