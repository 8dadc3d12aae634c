#Requires -Version 7.4

Describe 'What a person sees' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:rendering = $PSStyle.OutputRendering
        $PSStyle.OutputRendering = 'PlainText'
        $script:customers = Get-RepositoryPath 'samples/customers'

        # The lines of a view, none of them wider than the console.
        function Get-View {
            param([Parameter(ValueFromPipeline)] $InputObject, [int] $Width)

            begin { $items = @() }
            process { $items += $InputObject }
            end {
                $lines = ($items | Out-String -Width $Width).TrimEnd() -split '\r?\n' | Where-Object { $_ }
                $lines | Where-Object Length -GT $Width | Should -BeNullOrEmpty -Because "the console is $Width columns wide"
                $lines
            }
        }

        # What stands in one column of a table, a value that is wrapped put together again.
        function Get-Column {
            param([string[]] $Lines, [string] $Name)

            $start = $Lines[0].IndexOf($Name)
            -join ($Lines | Select-Object -Skip 2 | Where-Object Length -GT $start | ForEach-Object { $_.Substring($start).Trim() })
        }

        # The local time; the day, where midnight has passed since.
        function Get-Start {
            param($Run)

            $start = $Run.StartTime.LocalDateTime
            $start.ToString($(if ($start.Date -eq (Get-Date).Date) { 'HH:mm' } else { 'MM-dd' }))
        }

        function Start-SampleRun {
            [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'For tests only')]
            param()

            Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun -Name nightly
        }
    }
    AfterAll {
        $PSStyle.OutputRendering = $rendering
        Restore-Environment
    }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    Context 'Tables at <_> columns' -ForEach 79, 80, 120 {
        It 'A run: name, status, start, duration, experiment, and the whole run id, which is there to be copied' {
            $null = Start-SampleRun
            $run = Stop-MlflowRun
            $lines = $run | Get-View -Width $_
            $lines[0] -split '\s+' | Should -Be 'RunName', 'Status', 'Start', 'Duration', 'Experiment', 'RunId'
            $lines.Count | Should -Be 3
            $lines[2] | Should -Match "^nightly +Finished +$(Get-Start $run) +[\d.]+m?s Customers +$($run.RunId)$"
        }

        It 'A run with a long name in a long experiment: what is too long is cut, and not the run id' {
            $run = Start-MlflowRun -Name ('n' * 60) -Experiment "/Users/someone@corp.tld/$('e' * 60)"
            $lines = $run | Get-View -Width $_
            $lines[0] -split '\s+' | Should -Be 'RunName', 'Status', 'Start', 'Duration', 'Experiment', 'RunId'
            $lines[2] | Should -BeLike "nnn* Running * $(Get-Start $run) * /User* $($run.RunId)"
        }

        It 'A comparison: the runs above, and what each has side by side' {
            Use-MlflowRun -Name one { Write-MlflowParameter lr 0.1; Write-MlflowMetric rmse 0.5 } | Out-Null
            Use-MlflowRun -Name two { Write-MlflowParameter lr 0.2; Write-MlflowMetric rmse 0.25 } | Out-Null
            $lines = Get-MlflowRun -OrderBy 'start_time ASC' | Compare-MlflowRun | Get-View -Width $_
            $lines[0] | Should -Match 'Runs: one \([0-9a-f]{8}\), two \([0-9a-f]{8}\)$'
            $lines[1] -split ' {2,}' | Should -Be 'Kind', 'Key', 'Values, in the order of the runs'
            $lines[3] | Should -Match '^Param +lr +0\.1 +0\.2$'
            $lines[4] | Should -Match '^Metric +rmse +0\.5 +0\.25$'
        }

        It 'The history of a metric' {
            Use-MlflowRun { Write-MlflowMetric 'loss/train' 0.25 -Step 7 } | Out-Null
            $lines = Get-MlflowRun -First 1 | Get-MlflowMetric | Get-View -Width $_
            $lines[0].Trim() -split '\s+' | Should -Be 'Step', 'Value', 'Timestamp', 'Name'
            $lines[2] | Should -Match '^ +7 +0\.25 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d loss/train$'
        }

        It 'Artifacts: sizes for people, and every path in full' {
            $run = Start-SampleRun
            Send-AnovosArtifact -BasePath $customers | Out-Null
            $lines = $run | Get-MlflowArtifact -Recurse | Get-View -Width $_
            $lines[0].Trim() -split '\s+' | Should -Be 'Length', 'ArtifactPath'
            $lines | Should -Contain '           final_dataset/'
            $lines | Should -Contain '   1.5 KiB config/config.yaml'
            $paths = Get-Column $lines ArtifactPath
            (Get-CustomersArtifact).Keys | Where-Object { -not $paths.Contains($_) } | Should -BeNullOrEmpty
        }

        It 'Results of sending: status, size, every path in full, and why something was not sent' {
            $null = Start-SampleRun
            $rows = Send-AnovosArtifact -BasePath $customers
            $lines = $rows | Get-View -Width $_
            ($lines[0].Trim() -split '\s+')[0..2] | Should -Be 'Status', 'Length', 'ArtifactPath'
            $lines.Count | Should -BeLessThan (3 + 2 * $rows.Count)
            $text = Get-Column $lines ArtifactPath
            $rows.ArtifactPath | Where-Object { -not $text.Contains($_) } | Should -BeNullOrEmpty
            ($lines -join '') -replace '\s' | Should -BeLike '*track_intermediatesselectsotheroutputs*'
        }

        It 'The plan of outputs is a table: step, artifact path, and whether and why it is tracked' {
            $lines = Import-AnovosConfig "$customers/config.yaml" | Get-AnovosOutput -BasePath $customers | Get-View -Width $_
            $lines[0].Trim() -split '\s+' | Should -Be 'Tracked', 'Files', 'Length', 'Step', 'ArtifactPath', 'Reason'
            $lines | Where-Object { $_ -match '^True +3 +784 B write_main +final_dataset +track_output is' } | Should -HaveCount 1
        }

        It 'Findings in a workflow file: a table under the name of the file' {
            Set-Content config.yaml "mlflow:`n  experiment: x`n  track_output: maybe`n  track_reports: True`n  track_intermediates: True"
            $lines = Test-AnovosConfig config.yaml | Get-View -Width $_
            $lines[0].Trim() | Should -BeLike 'Path: *'
            $lines -match '^Severity' -split '\s+' | Should -Be 'Severity', 'Line', 'Column', 'Message'
            $lines | Where-Object { $_ -like "Error           3     17 'track_output' is the text 'maybe', not a boolean*" } | Should -HaveCount 1
        }

        It 'Experiments and connections keep their headings on one line' {
            $null = New-MlflowExperiment alpha
            (Get-MlflowExperiment alpha | Get-View -Width $_)[0] -split '\s+' | Should -Be 'Name', 'ExperimentId', 'Stage', 'ArtifactLocation'
            (Get-MlflowConnection | Get-View -Width $_)[0] -split '\s+' | Should -Be 'TrackingUri', 'Authentication', 'Username', 'CredentialSource'
        }
    }

    Context 'Errors' {
        It 'A mistake in a workflow file is shown with file, line and column, as an editor can jump to it' {
            Set-Content config.yaml "mlflow:`n  track_output: maybe"
            $failure = Import-AnovosConfig config.yaml -ErrorAction Continue 2>&1
            $failure.FullyQualifiedErrorId | Should -Be 'ConfigInvalid,Anovos.Mlflow.PowerShell.Commands.ImportAnovosConfigCommand'
            $text = ($failure | Out-String -Width 200) -replace '\s+', ' '
            $text | Should -BeLike "Import-AnovosConfig: *config.yaml:2:17: 'track_output' is the text 'maybe', not a boolean. Write True or False without quotes.*"
        }

        It 'A broken YAML file too' {
            Set-Content config.yaml "mlflow:`n  experiment: [1, 2`n"
            $failure = Import-AnovosConfig config.yaml -ErrorAction Continue 2>&1
            "$failure" | Should -Match 'config\.yaml:\d+:\d+: '
        }

        It 'A file that is not there is named, and the folder that it was looked for in' {
            "$(Import-AnovosConfig nope.yaml -ErrorAction Continue 2>&1)" | Should -Be "There is no file or folder 'nope.yaml'. Paths are relative to $(Get-Location)."
        }

        It 'A command without a run says how to start one' {
            { Write-MlflowMetric a 1 } | Should -Throw '*Start-MlflowRun*' -ErrorId 'NoActiveRun*'
        }

        It 'An error shows neither a .NET type nor a stack trace' {
            Get-MlflowRun -RunId ('0' * 32) -ErrorVariable failure -ErrorAction SilentlyContinue
            $text = $failure | Out-String -Width 200
            $text | Should -BeLike "Get-MlflowRun: *$('0' * 32)*"
            $text | Should -Not -Match 'Exception|   at '
        }
    }

    Context 'Tab completion' {
        BeforeAll {
            function Get-Completion {
                param([string] $Line)

                (TabExpansion2 $Line).CompletionMatches | Where-Object ResultType -EQ ParameterValue
            }
        }

        It '-Experiment offers the experiments of the store, quoted' {
            $null = New-MlflowExperiment alpha, "it's", 'two words'
            (Get-Completion 'Get-MlflowRun -Experiment ').CompletionText | Sort-Object | Should -Be "'alpha'", "'Default'", "'it''s'", "'two words'"
        }

        It '-Experiment goes on from what is typed, with and without a quote' {
            $null = New-MlflowExperiment alpha, 'two words'
            (Get-Completion 'Start-MlflowRun -Experiment al').CompletionText | Should -Be "'alpha'"
            (Get-Completion "Start-MlflowRun -Experiment 'two").CompletionText | Should -Be "'two words'"
        }

        It '-Experiment looks into the store that -TrackingUri on the same line names' {
            $null = New-MlflowExperiment elsewhere -TrackingUri ./other
            (Get-Completion 'Get-MlflowRun -TrackingUri ./other -Experiment e').CompletionText | Should -Be "'elsewhere'"
        }

        It '-RunId offers the newest run first, and says its name and status beside it' {
            $ids = 'first', 'second' | ForEach-Object { (Start-MlflowRun -Name $_).RunId; $null = Stop-MlflowRun }
            $offered = Get-Completion 'Get-MlflowArtifact -RunId '
            $offered.CompletionText | Should -Be $ids[1], $ids[0]
            $offered.ListItemText | Should -Be "$($ids[1])  second", "$($ids[0])  first"
            $offered[0].ToolTip | Should -BeLike 'second, Finished, started *'
            (Get-Completion "Stop-MlflowRun -RunId $($ids[0].Substring(0, 8))").CompletionText | Should -Be $ids[0]
        }

        It '-Status offers the three ways for a run to end' {
            (Get-Completion 'Stop-MlflowRun -Status ').CompletionText | Should -Be 'Failed', 'Finished', 'Killed'
        }

        It 'A store that cannot be reached offers nothing and disturbs nothing' {
            Get-Completion 'Get-MlflowRun -TrackingUri http://127.0.0.1:1 -Experiment ' | Should -BeNullOrEmpty
            "$Error" | Should -Not -BeLike '*127.0.0.1:1*'
        }
    }

    It 'Get-Help finds the overview' {
        Get-Help about_Anovos_Mlflow | Out-String | Should -BeLike '*WHERE A COMMAND TRACKS TO*ERRORS*'
    }

    Context 'Get-Help <_>' -ForEach (Import-PowerShellDataFile "$PSScriptRoot/../../Anovos.Mlflow.psd1").CmdletsToExport {
        It 'shows synopsis, syntax, parameters and examples in a window' {
            $help = Get-Help $_ -Full
            $flat = ($help | Out-String -Width 4096) -replace '\s+', ' '
            $flat | Should -BeLike "*SYNOPSIS $([WildcardPattern]::Escape($help.Synopsis))*SYNTAX $_ *Example 1: *Example 2: *"
            foreach ($parameter in $help.parameters.parameter) {
                $flat.Contains(" -$($parameter.name) ") | Should -BeTrue
                $flat.Contains($parameter.description[0].Text.Trim()) | Should -BeTrue
            }
        }

        It 'has a synopsis, a description, at least two examples and a word on every parameter' {
            $help = Get-Help $_ -Full
            $help.Synopsis | Should -Not -BeNullOrEmpty
            $help.Synopsis | Should -Not -BeLike "*$_ *"
            $help.Description | Should -Not -BeNullOrEmpty
            @($help.Examples.Example).Count | Should -BeGreaterOrEqual 2
            $help.Parameters.Parameter | Where-Object { $_.Name -notin 'WhatIf', 'Confirm' -and -not $_.Description } | Should -BeNullOrEmpty
        }
    }
}
