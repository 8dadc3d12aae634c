#Requires -Version 7.4

Describe 'Runs' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:module = Get-StagedModule
    }
    AfterAll { Restore-Environment }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    Context 'A run in a run' {
        It 'names the outer run as its parent, and stopping it makes the outer run the active one again' {
            $outer = Start-MlflowRun -Name outer
            $inner = Start-MlflowRun -Name inner
            Write-MlflowMetric depth 2
            (Stop-MlflowRun).RunId | Should -Be $inner.RunId
            Write-MlflowMetric depth 1
            (Stop-MlflowRun).RunId | Should -Be $outer.RunId

            $inner.Tags['mlflow.parentRunId'] | Should -Be $outer.RunId
            $outer.Tags.Keys | Should -Not -Contain 'mlflow.parentRunId'
            (Get-MlflowRun $inner.RunId).Metrics['depth'] | Should -Be 2
            (Get-MlflowRun $outer.RunId).Metrics['depth'] | Should -Be 1
        }

        It 'is found by its parent' {
            $outer = Start-MlflowRun -Name outer
            1..3 | ForEach-Object { $null = Start-MlflowRun -Name "fold $_"; $null = Stop-MlflowRun }
            (Get-MlflowRun -Filter "tags.mlflow.parentRunId = '$($outer.RunId)'" -OrderBy 'attributes.run_name ASC').RunName |
                Should -Be 'fold 1', 'fold 2', 'fold 3'
        }
    }

    Context 'Use-MlflowRun' {
        It 'runs the block with the run as its argument, returns the output of the block, and ends the run as Finished' {
            $out = Use-MlflowRun -Name good { param($run) $run.RunName; Write-MlflowMetric m 1; 'last' }
            $out | Should -Be 'good', 'last'
            $run = Get-MlflowRun
            "$($run.Status) $($run.Metrics['m'])" | Should -Be 'Finished 1'
        }

        It 'ends the run as Failed if the block throws, and passes the error on unchanged' {
            $failure = $null
            try {
                Use-MlflowRun -Name bad { Write-MlflowMetric m 1; throw 'broken' }
            }
            catch {
                $failure = $_
            }
            "$failure" | Should -Be 'broken'
            $failure.FullyQualifiedErrorId | Should -Be 'broken'
            $failure.InvocationInfo.Line | Should -BeLike "*throw 'broken'*"
            $run = Get-MlflowRun
            "$($run.Status) $($run.Metrics['m'])" | Should -Be 'Failed 1'
            { Write-MlflowMetric late 1 } | Should -Throw -ErrorId 'NoActiveRun*'
        }

        It 'ends the run as Failed if a command in the block stops on an error' {
            { Use-MlflowRun { Get-Item ./nope -ErrorAction Stop } } | Should -Throw '*nope*'
            (Get-MlflowRun).Status | Should -Be Failed
        }

        It 'continues after a non-terminating error, which can be redirected and stored like that of any command' {
            $out = Use-MlflowRun { 'before'; Write-Error soft -ErrorAction Continue; 'after' } -ErrorVariable kept 2>&1
            "$out" | Should -Be 'before soft after'
            "$kept" | Should -Be 'soft'
            (Get-MlflowRun).Status | Should -Be Finished
        }

        It 'with -WhatIf neither starts a run nor runs the block' {
            Use-MlflowRun -WhatIf { throw 'was run' }
            Get-ChildItem | Should -BeNullOrEmpty
        }
    }

    Context 'Several at once' {
        It 'ForEach-Object -Parallel: each runspace has its own run, and none sees the one outside' {
            $outer = Start-MlflowRun -Name outer
            $store = "sqlite:///$(Join-Path (Get-CurrentFolder) mlflow.db)"
            $inner = 1..4 | ForEach-Object -ThrottleLimit 4 -Parallel {
                Import-Module $using:module
                $run = Start-MlflowRun -Name "item $_" -TrackingUri $using:store
                Write-MlflowMetric item $_
                $null = Stop-MlflowRun
                $run
            }
            Write-MlflowMetric item 0
            $null = Stop-MlflowRun

            $inner.Tags.Keys | Should -Not -Contain 'mlflow.parentRunId'
            $runs = Get-MlflowRun -OrderBy 'metrics.item ASC'
            $runs.RunName | Should -Be 'outer', 'item 1', 'item 2', 'item 3', 'item 4'
            $runs | ForEach-Object { $_.Metrics.Count } | Should -Be 1, 1, 1, 1, 1
            $runs[0].RunId | Should -Be $outer.RunId
            $env:MLFLOW_RUN_ID | Should -BeNullOrEmpty
        }

        It 'ForEach-Object -Parallel: a run that an item left open is not passed to the next item in the same runspace' {
            $store = "sqlite:///$(Join-Path (Get-CurrentFolder) mlflow.db)"
            $runs = 1..3 | ForEach-Object -ThrottleLimit 1 -Parallel {
                Import-Module $using:module
                Start-MlflowRun -Name "item $_" -TrackingUri $using:store
            }
            $runs.Tags.Keys | Should -Not -Contain 'mlflow.parentRunId'
            { Write-MlflowMetric late 1 } | Should -Throw -ErrorId 'NoActiveRun*'
        }

        It 'Start-ThreadJob: a run in the background is separate from the run in the foreground' {
            $store = "sqlite:///$(Join-Path (Get-CurrentFolder) mlflow.db)"
            $front = Start-MlflowRun -Name front
            $back = Start-ThreadJob { Import-Module $using:module; Use-MlflowRun -Name back -TrackingUri $using:store { $args[0] } } |
                Receive-Job -Wait -AutoRemoveJob
            $back.Tags.Keys | Should -Not -Contain 'mlflow.parentRunId'
            $env:MLFLOW_RUN_ID | Should -Be $front.RunId
            (Stop-MlflowRun).RunId | Should -Be $front.RunId
            $env:MLFLOW_RUN_ID | Should -BeNullOrEmpty
        }

        It 'Start-ThreadJob: a child process finds the most recently started run of any runspace, until it is stopped or its job ends' {
            $store = "sqlite:///$(Join-Path (Get-CurrentFolder) mlflow.db)"
            $folder = Get-CurrentFolder
            $front = Start-MlflowRun -Name front
            $job = Start-ThreadJob {
                Import-Module $using:module
                Start-MlflowRun -Name back -TrackingUri $using:store
                $null = New-Item (Join-Path $using:folder started)
                while (-not (Test-Path (Join-Path $using:folder stop))) { Start-Sleep -Milliseconds 20 }
            }
            while (-not (Test-Path (Join-Path $folder started)) -and $job.State -in 'NotStarted', 'Running') { Start-Sleep -Milliseconds 20 }
            $seen = & (Get-Pwsh) -NoProfile -NonInteractive -Command '$env:MLFLOW_RUN_ID'
            $null = New-Item (Join-Path $folder stop)
            $back = Receive-Job $job -Wait -AutoRemoveJob
            $seen | Should -Be $back.RunId

            # The job is complete before its runspace is closed.
            for ($i = 0; $i -lt 500 -and $env:MLFLOW_RUN_ID -ne $front.RunId; $i++) { Start-Sleep -Milliseconds 20 }
            & (Get-Pwsh) -NoProfile -NonInteractive -Command '$env:MLFLOW_RUN_ID' | Should -Be $front.RunId
            $null = Stop-MlflowRun
            $env:MLFLOW_RUN_ID | Should -BeNullOrEmpty
        }
    }

    Context 'Child processes' {
        It 'A pwsh that the session starts finds the run in MLFLOW_RUN_ID and writes to it, without a parameter' {
            $run = Start-MlflowRun -Experiment shared
            $null = & (Get-Pwsh) -NoProfile -NonInteractive -Command "Import-Module '$module'; Write-MlflowMetric child 42; Set-MlflowTag by `$PID"
            $LASTEXITCODE | Should -Be 0
            Write-MlflowMetric parent 1
            $run = Stop-MlflowRun
            $run.Metrics['child'] | Should -Be 42
            $run.Metrics['parent'] | Should -Be 1
            $run.Tags['by'] | Should -Match '^\d+$'
            @(Get-MlflowRun).Count | Should -Be 1
        }

        It 'A child process in another folder writes to the same store' {
            $null = Start-MlflowRun
            $elsewhere = (New-Item -ItemType Directory elsewhere).FullName
            & (Get-Pwsh) -NoProfile -NonInteractive -WorkingDirectory $elsewhere -Command "Import-Module '$module'; Write-MlflowMetric child 42"
            (Stop-MlflowRun).Metrics['child'] | Should -Be 42
            Get-ChildItem $elsewhere | Should -BeNullOrEmpty
        }

        It 'A child process does not end the run of its parent by ending' {
            $null = Start-MlflowRun
            & (Get-Pwsh) -NoProfile -NonInteractive -Command "Import-Module '$module'; Set-MlflowTag seen yes; Remove-Module Anovos.Mlflow"
            (Get-MlflowRun).Status | Should -Be Running
        }
    }
}
