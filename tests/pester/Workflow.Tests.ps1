#Requires -Version 7.4

Describe 'Tracking the workflow in samples/customers' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:customers = Get-RepositoryPath 'samples/customers'
    }
    AfterAll { Restore-Environment }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    Context 'The pipeline Import-AnovosConfig | Start-MlflowRun | Send-AnovosArtifact -PassThru | Stop-MlflowRun' {
        BeforeEach {
            $script:run = Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun | Send-AnovosArtifact -BasePath $customers -PassThru | Stop-MlflowRun
        }

        It 'returns one finished run of the experiment that the file names' {
            @($run).Count | Should -Be 1
            "$($run.Experiment) $($run.Status)" | Should -Be 'Customers Finished'
            $run.RunId | Should -Match '^[0-9a-f]{32}$'
            $run.EndTime | Should -BeGreaterOrEqual $run.StartTime
        }

        It 'writes to ./mlflow.db, and artifacts to ./mlruns, in the current folder, TestDrive: among them, and nowhere else' {
            $run.TrackingUri | Should -Be ('sqlite:///' + (Join-Path (Get-CurrentFolder) 'mlflow.db').Replace('\', '/'))
            (Get-ChildItem).Name | Sort-Object | Should -Be 'mlflow.db', 'mlruns'
        }

        It 'sends exactly what the flags allow and the workflow file, byte for byte' {
            ConvertTo-Line (Get-StoredArtifact $run) | Should -Be (ConvertTo-Line (Get-CustomersArtifact))
        }

        It 'records the settings of the workflow as params, without those of the mlflow block' {
            $run.Params['write_main.file_path'] | Should -Be 'output'
            $run.Params['stats_generator.metric'] | Should -Be '["global_summary","measures_of_counts"]'
            $run.Params.Keys | Should -Not -Contain 'mlflow.tracking_uri'
        }

        It 'names the workflow file as the source of the run' {
            $run.Tags['mlflow.source.name'] | Should -Be (Join-Path $customers 'config.yaml')
        }

        It 'returns the run that Get-MlflowRun finds afterwards' {
            $found = Get-MlflowRun -Experiment Customers
            "$($found.RunId) $($found.Status) $($found.Experiment)" | Should -Be "$($run.RunId) Finished Customers"
            $found.Params.Count | Should -Be $run.Params.Count
        }

        It 'leaves no run active and no variable for child processes behind' {
            { Write-MlflowMetric late 1 } | Should -Throw -ErrorId 'NoActiveRun*'
            Get-ChildItem Env: | Where-Object Name -match '^(ANOVOS_)?MLFLOW_(?!TEST)' | Should -BeNullOrEmpty
        }

        It 'tracks the same workflow again as another run' {
            $again = Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun | Send-AnovosArtifact -BasePath $customers -PassThru | Stop-MlflowRun
            $again.RunId | Should -Not -Be $run.RunId
            (Get-MlflowRun -Experiment Customers).RunId | Should -Be $again.RunId, $run.RunId
        }
    }

    Context 'Without -PassThru' {
        It 'Send-AnovosArtifact returns a row for each file and for each output that it did not send' {
            $rows = Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun | Send-AnovosArtifact -BasePath $customers
            $sent = $rows | Where-Object Status -EQ Sent
            $sent.ArtifactPath | Sort-Object | Should -Be ((Get-CustomersArtifact).Keys | Where-Object { $_ -ne 'config/config.yaml' } | Sort-Object)
            $sent | ForEach-Object { $_.Length | Should -Be (Get-Item -LiteralPath $_.Path -Force).Length }
            $join = $rows | Where-Object ArtifactPath -EQ 'data_ingest/join_dataset'
            "$($join.Status) $($join.Kind) $($join.Reason)" | Should -Be 'NotTracked Intermediate track_intermediates selects other outputs'
        }
    }

    Context 'From the folder of the workflow' {
        It 'needs no -BasePath' {
            Copy-Item $customers -Destination ./copy -Recurse -Force
            Set-Location ./copy
            $run = Import-AnovosConfig ./config.yaml | Start-MlflowRun | Send-AnovosArtifact -PassThru | Stop-MlflowRun
            ConvertTo-Line (Get-StoredArtifact $run) | Should -Be (ConvertTo-Line (Get-CustomersArtifact))
            Set-Location ..
        }
    }

    Context '-WhatIf and -Verbose' {
        It '-WhatIf on the first command that changes something keeps the whole pipeline from changing anything' {
            Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun -WhatIf | Send-AnovosArtifact -BasePath $customers -PassThru | Stop-MlflowRun |
                Should -BeNullOrEmpty
            Get-ChildItem | Should -BeNullOrEmpty
        }

        It '-WhatIf on Send-AnovosArtifact sends nothing, and the pipeline ends the run' {
            $run = Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun | Send-AnovosArtifact -BasePath $customers -PassThru -WhatIf | Stop-MlflowRun
            $run.Status | Should -Be Finished
            (Get-StoredArtifact $run).Keys | Should -Be 'config/config.yaml'
        }

        It '-WhatIf shows which experiment and run would be created, and where' {
            Set-Content script.ps1 @'
param($Module, $Config)
Import-Module $Module
Import-AnovosConfig $Config | Start-MlflowRun -Name nightly -WhatIf
'@
            $result = Invoke-Pwsh ./script.ps1 (Get-StagedModule), "$customers/config.yaml"
            $lines = $result.Output -split '\r?\n' | Where-Object { $_ }
            $lines[0] | Should -BeLike "What if: *`"Create`" on target `"experiment 'Customers' at sqlite:*mlflow.db`"."
            $lines[1] | Should -BeLike "What if: *`"Start`" on target `"run 'nightly' in experiment 'Customers' at sqlite:*mlflow.db`"."
            Get-ChildItem | Select-Object -ExpandProperty Name | Should -Be 'script.ps1'
        }

        It '-Verbose on Start-MlflowRun shows the store, the credentials, and that it created the experiment' {
            $verbose = Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun -Verbose 4>&1 | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
            "$verbose" | Should -BeLike '*Tracking to sqlite:*mlflow.db, authentication: *'
            "$verbose" | Should -BeLike "*Created experiment 'Customers'*"
        }
    }

    Context 'Files from the pipeline' {
        It 'Get-Item and Get-ChildItem pipe workflow files to Import-AnovosConfig, including names with brackets' {
            foreach ($name in 'a.yaml', 'b[1].yaml') {
                Set-Content -LiteralPath $name "mlflow:`n  experiment: '$name'`n  track_output: False`n  track_reports: False`n  track_intermediates: False"
            }
            (Get-Item -LiteralPath 'b[1].yaml' | Import-AnovosConfig).Tracking.Experiment | Should -Be 'b[1].yaml'
            (Get-ChildItem *.yaml | Import-AnovosConfig).Tracking.Experiment | Should -Be 'a.yaml', 'b[1].yaml'
            (Import-AnovosConfig *.yaml).Tracking.Experiment | Should -Be 'a.yaml', 'b[1].yaml'
            ('a.yaml' | Import-AnovosConfig).Tracking.Experiment | Should -Be 'a.yaml'
        }

        It 'Get-ChildItem pipes files to Send-MlflowArtifact, whatever their names' {
            $names = 'plain.txt', 'a[1].txt', "gr`u{f6}`u{df}e +%.txt", 'with space.txt'
            $null = New-Item -ItemType Directory in
            foreach ($name in $names) { Set-Content -LiteralPath "in/$name" $name }
            $run = Start-MlflowRun
            $rows = Get-ChildItem in | Send-MlflowArtifact -ArtifactPath out
            $rows.Status | Should -Be (@('Sent') * $names.Count)
            ConvertTo-Line (Get-StoredArtifact $run) | Should -Be (ConvertTo-Line (Get-SourceArtifact in out))
        }

        It 'A folder from the pipeline keeps its name, its structure and its content' {
            $run = Start-MlflowRun
            Get-Item "$customers/output/final_dataset" -Force | Send-MlflowArtifact -ArtifactPath data | Out-Null
            ConvertTo-Line (Get-StoredArtifact $run) | Should -Be (ConvertTo-Line (Get-SourceArtifact "$customers/output/final_dataset" data/final_dataset -IncludeChecksum))
        }

        It 'Two files that would get the same artifact path do not overwrite each other: the second is an error' {
            foreach ($folder in 'one', 'two') {
                $null = New-Item -ItemType Directory $folder
                Set-Content "$folder/part-0.csv" $folder
            }
            $run = Start-MlflowRun
            $rows = Get-ChildItem one, two -Recurse -File | Send-MlflowArtifact -ErrorVariable failures -ErrorAction SilentlyContinue
            $rows.Status | Sort-Object | Should -Be 'Sent', 'Failed'
            $failures.FullyQualifiedErrorId | Should -Be 'ArtifactPathInvalid,Anovos.Mlflow.PowerShell.Commands.SendMlflowArtifactCommand'
            "$failures" | Should -BeLike '*two*part-0.csv*one*part-0.csv*'
            Get-Content (Join-Path (Get-ArtifactFolder $run) 'part-0.csv') | Should -Be 'one'
        }

        It 'Rows of Get-AnovosOutput can be filtered on the way to Send-AnovosArtifact' {
            $config = Import-AnovosConfig "$customers/config.yaml"
            $run = $config | Start-MlflowRun
            $config | Get-AnovosOutput -BasePath $customers | Where-Object Kind -EQ Output | Send-AnovosArtifact | Out-Null
            (Get-StoredArtifact $run).Keys | Where-Object { $_ -notlike 'final_dataset/*' } | Should -Be 'config/config.yaml'
        }
    }
}
