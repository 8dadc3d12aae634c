#Requires -Version 5.1

# These tests run in any PowerShell from Windows PowerShell 5.1 on, so this file uses no newer features.
Describe 'The module in this PowerShell' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:module = Get-StagedModule
        $script:customers = Get-RepositoryPath 'samples/customers'
        $script:isDesktop = $PSVersionTable.PSEdition -eq 'Desktop'

        # The file of the loaded assembly with this name. Dynamic assemblies have no file.
        function Get-LoadedFile {
            param([string] $Name)

            [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { -not $_.IsDynamic -and $_.GetName().Name -eq $Name } |
                ForEach-Object Location
        }
    }
    AfterAll { Restore-Environment }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    It 'is imported with its cmdlets and their help, and without an error or a warning' {
        Remove-Module Anovos.Mlflow
        $said = Import-Module $module -Global -PassThru -Verbose:$false 3>&1 2>&1
        @($said).Count | Should -Be 1
        $manifest = Import-PowerShellDataFile (Join-Path $module 'Anovos.Mlflow.psd1')
        (Get-Command -Module Anovos.Mlflow).Name | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
        (Get-Help Stop-MlflowRun).Synopsis | Should -BeLike 'Ends*'
    }

    It 'uses the assemblies that were built for this .NET' {
        $null = Start-MlflowRun
        $core = @(Get-LoadedFile 'Anovos.Mlflow.Core')
        if ($isDesktop) {
            $core | Should -BeLike '*netstandard2.0?Anovos.Mlflow.Core.dll'
        }
        else {
            $core | Should -Not -BeLike '*netstandard2.0*'
        }
    }

    It 'tracks the sample workflow into <_>' -ForEach 'sqlite:///mlflow.db', './mlruns' {
        $run = Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun -TrackingUri $_ -Name quickstart |
            Send-AnovosArtifact -BasePath $customers -PassThru | Stop-MlflowRun
        "$($run.RunName) $($run.Status)" | Should -Be 'quickstart Finished'
        $run.Params['write_main.file_path'] | Should -Be 'output'
        ConvertTo-Line (Get-StoredArtifact $run) | Should -Be (ConvertTo-Line (Get-CustomersArtifact))
        $found = Get-MlflowRun -TrackingUri $_ -Experiment Customers
        $found.RunId | Should -Be $run.RunId
    }

    It 'keeps numbers, texts and points unchanged in <_>' -ForEach 'sqlite:///mlflow.db', './mlruns' {
        $null = Start-MlflowRun -TrackingUri $_ -Name "gr$([char] 0xF6)$([char] 0xDF)e"
        1..100 | ForEach-Object { Write-MlflowMetric loss (1 / $_) -Step $_ }
        Write-MlflowMetric @{ small = 5e-324; negative = -0.5; whole = 3 }
        Write-MlflowParameter text "a 'b' `"c`" $([char] 0x20AC)"
        Set-MlflowTag team ops
        $run = Stop-MlflowRun
        $run.RunName | Should -Be "gr$([char] 0xF6)$([char] 0xDF)e"
        $run.Metrics['small'] | Should -Be 5e-324
        $run.Metrics['negative'] | Should -Be -0.5
        $run.Params['text'] | Should -Be "a 'b' `"c`" $([char] 0x20AC)"
        $run.Tags['team'] | Should -Be 'ops'
        $points = @(Get-MlflowMetric loss -RunId $run.RunId -TrackingUri $_)
        $points.Count | Should -Be 100
        ($points | Where-Object Step -EQ 3).Value | Should -Be (1 / 3)
    }

    It 'sends and receives files' {
        $run = Start-MlflowRun
        $rows = Send-MlflowArtifact "$customers/report_stats" -ArtifactPath sent
        $rows.Status | Select-Object -Unique | Should -Be 'Sent'
        $null = Receive-MlflowArtifact sent -RunId $run.RunId -Destination ./received
        $expected = Get-ChildItem -LiteralPath "$customers/report_stats" -Recurse -File | Where-Object Name -NotLike '.*.crc' | Get-FileHash
        $received = Get-ChildItem -LiteralPath ./received -Recurse -File | Where-Object Name -NotLike '.*.crc' | Get-FileHash
        $received.Hash | Sort-Object | Should -Be ($expected.Hash | Sort-Object)
    }

    It 'removes and restores a run' {
        $run = Use-MlflowRun { param($run) $run }
        $run | Remove-MlflowRun -Confirm:$false
        @(Get-MlflowRun).Count | Should -Be 0
        $null = $run.RunId | Restore-MlflowRun
        (Get-MlflowRun).RunId | Should -Be $run.RunId
    }

    It 'finds the mistakes in a workflow file' {
        Set-Content wrong.yaml "input_dataset:`n  read_dataset:`n    file_path: data`n    file_typ: csv"
        $found = Test-AnovosConfig ./wrong.yaml
        @($found).Count | Should -BeGreaterThan 0
    }

    # On .NET Framework, this text comes from HttpWebRequest, in the language of the system.
    It 'reports that a server <What>' -ForEach @(
        @{ What = 'refuses the connection'; Uri = 'http://127.0.0.1:9'; Words = 'Nothing is listening on 127.0.0.1 port 9.*' }
        @{ What = 'is unknown'; Uri = 'http://server.invalid:5000'; Words = '*server.invalid*' }
    ) {
        $env:MLFLOW_HTTP_REQUEST_MAX_RETRIES = '0'
        $failure = $null
        try { Start-MlflowRun -TrackingUri $Uri } catch { $failure = $_ }
        $env:MLFLOW_HTTP_REQUEST_MAX_RETRIES = $null
        $failure.FullyQualifiedErrorId | Should -BeLike 'TrackingServerUnreachable*'
        "$failure" | Should -BeLike $Words
    }
}
