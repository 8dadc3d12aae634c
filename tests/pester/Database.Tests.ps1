#Requires -Version 7.4

Describe 'A SQLite database as the store' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:module = Get-StagedModule
        $script:uri = 'sqlite:///mlflow.db'

        # A process that keeps the file locked, as a client that hangs in the middle of a write, until its input ends.
        function Lock-Database {
            Set-Content lock.ps1 @'
$file = [System.IO.File]::Open("$PSScriptRoot/mlflow.db", 'Open', 'ReadWrite', 'ReadWrite')
$file.Lock(0x40000000, 512)
Set-Content "$PSScriptRoot/locked" yes
Start-Sleep 60
'@
            $program = Start-Program (Get-Pwsh) '-NoProfile', '-NonInteractive', '-File', './lock.ps1'
            while (-not (Test-Path locked) -and -not $program.Process.HasExited) { Start-Sleep -Milliseconds 50 }
            $program.Process
        }
    }
    AfterAll { Restore-Environment }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    It 'takes what several processes and runspaces write to one run and to runs of their own at once' {
        $shared = Start-MlflowRun -TrackingUri $uri -Experiment Customers
        Set-Content writer.ps1 @"
param([int] `$Number)
1..2 | ForEach-Object -ThrottleLimit 2 -Parallel {
    `$ErrorActionPreference = 'Stop'
    Set-Location '$(Get-CurrentFolder)'
    Import-Module '$module'
    `$name = "`$(`$using:Number).`$_"
    foreach (`$i in 1..10) {
        Write-MlflowMetric "m `$name" `$i -Step `$i -RunId $($shared.RunId) -TrackingUri $uri
        Write-MlflowParameter "p `$name `$i" `$i -RunId $($shared.RunId) -TrackingUri $uri
    }
    `$null = Start-MlflowRun -Name `$name -TrackingUri $uri -Experiment Customers
    Write-MlflowMetric own 1
    `$null = Stop-MlflowRun
}
"@
        $programs = 1..3 | ForEach-Object { Start-Program (Get-Pwsh) '-NoProfile', '-NonInteractive', '-File', './writer.ps1', $_ }
        foreach ($program in $programs) {
            $result = Wait-Program $program 300
            $result.ErrorOutput | Should -BeNullOrEmpty
            $result.ExitCode | Should -Be 0
        }
        $null = Stop-MlflowRun

        $run = Get-MlflowRun $shared.RunId -TrackingUri $uri
        $run.Params.Count | Should -Be 60
        $run.Metrics.Values | Should -Be (, 10.0 * 6)
        @(Get-MlflowMetric -Run $run -TrackingUri $uri).Count | Should -Be 60
        $own = Get-MlflowRun -TrackingUri $uri -Experiment Customers -Filter 'metrics.own = 1'
        $own.RunName | Sort-Object | Should -Be '1.1', '1.2', '2.1', '2.2', '3.1', '3.2'
        $own.Status | Select-Object -Unique | Should -Be 'Finished'
    }

    It 'leaves its file free to be moved and removed right after a command' {
        $run = Start-MlflowRun -TrackingUri $uri
        Write-MlflowMetric m 1
        Move-Item mlflow.db moved.db
        (Get-MlflowRun $run.RunId -TrackingUri sqlite:///moved.db).Metrics['m'] | Should -Be 1
        Remove-Item moved.db
        Get-ChildItem -File | Should -BeNullOrEmpty
    }

    It 'says in one line which file another process keeps locked' {
        $null = Use-MlflowRun -TrackingUri $uri { }
        $process = Lock-Database
        try {
            $failure = $null
            try { Get-MlflowRun -TrackingUri $uri } catch { $failure = $_ }
        }
        finally {
            $process.Kill()
        }
        $failure.FullyQualifiedErrorId | Should -BeLike 'StoreInvalid,*'
        "$failure" | Should -BeLike "*$(Join-Path (Get-CurrentFolder) 'mlflow.db')*locked*"
        "$failure" | Should -Not -Match "`n"
    }

    It 'does not keep a command that is stopped waiting for a lock' {
        $null = Use-MlflowRun -TrackingUri $uri { }
        $process = Lock-Database
        try {
            $shell = [powershell]::Create()
            $null = $shell.AddScript("Set-Location '$(Get-CurrentFolder)'; Import-Module '$module'")
            $null = $shell.AddScript("'ready' > ready; Get-MlflowRun -TrackingUri $uri")
            $waiting = $shell.BeginInvoke()
            while (-not (Test-Path ready)) { Start-Sleep -Milliseconds 20 }
            $stopped = $shell.BeginStop($null, $null)
            # The lock is held for longer than that.
            $stopped.AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
            { $shell.EndInvoke($waiting) } | Should -Throw
            $shell.InvocationStateInfo.State | Should -Be 'Stopped'
            $process.HasExited | Should -BeFalse
        }
        finally {
            $process.Kill()
        }
    }
}
