#Requires -Version 7.4

Describe 'A script as a process of its own' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:module = Get-StagedModule
        $script:import = "Import-Module '$module'"
    }
    AfterAll { Restore-Environment }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    Context 'The script host of this repository does as pwsh -File does' {
        BeforeAll {
            # Runs a script by both.
            function Invoke-Both {
                param([string] $Script, [string[]] $Arguments = @())

                if (-not (Test-Path -LiteralPath (Get-ScriptHost))) {
                    Set-ItResult -Skipped -Because "the host is not built: there is no $(Get-ScriptHost)"
                }
                Set-Content script.ps1 $Script
                (Invoke-Pwsh ./script.ps1 $Arguments), (Invoke-ScriptHost ./script.ps1 $Arguments)
            }
        }

        It '<Name>: exit code <Expected>' -ForEach @(
            @{ Name = 'a script that ends well'; Script = "'fine'"; Expected = 0 }
            @{ Name = 'exit 7'; Script = 'exit 7'; Expected = 7 }
            @{ Name = 'exit without a number'; Script = 'exit'; Expected = 0 }
            @{ Name = 'throw'; Script = "throw 'broken'"; Expected = 1 }
            @{ Name = 'an error that stops nothing, last'; Script = 'Get-Command no-such-command'; Expected = 0 }
            @{ Name = 'an error that stops nothing, and more after it'; Script = "Get-Command no-such-command; 'after'"; Expected = 0 }
            @{ Name = 'an error that $ErrorActionPreference makes stop'; Script = "`$ErrorActionPreference = 'Stop'; Get-Command no-such-command"; Expected = 1 }
            @{ Name = 'a native command that fails before the end'; Script = "& `$env:ANOVOS_TEST_PWSH -NoProfile -Command 'exit 5'; 'after'"; Expected = 0 }
            @{ Name = 'a native command that fails last'; Script = "& `$env:ANOVOS_TEST_PWSH -NoProfile -Command 'exit 5'"; Expected = 0 }
            @{ Name = 'a failed native command whose exit code is passed on'; Script = "& `$env:ANOVOS_TEST_PWSH -NoProfile -Command 'exit 5'; exit `$LASTEXITCODE"; Expected = 5 }
            @{ Name = 'a syntax error'; Script = 'if ('; Expected = 1 }
            @{ Name = 'a #requires that is not met'; Script = "#Requires -Version 99`n'unreached'"; Expected = 1 }
            @{ Name = 'a missing mandatory parameter'; Script = 'param([Parameter(Mandatory)][int] $Number)'; Expected = 1 }
        ) {
            $pwsh, $scriptHost = Invoke-Both $Script
            $pwsh.ExitCode | Should -Be $Expected
            $scriptHost.ExitCode | Should -Be $Expected
            $scriptHost.Output | Should -Be $pwsh.Output
            [bool] $scriptHost.ErrorOutput | Should -Be ([bool] $pwsh.ErrorOutput)
        }

        It 'a script that is not there: exit code 64, and a word on standard error' {
            $results = (Invoke-Pwsh ./missing.ps1), (Invoke-ScriptHost ./missing.ps1)
            $results.ExitCode | Should -Be 64, 64
            $results.ErrorOutput | ForEach-Object { $_ | Should -BeLike '*missing.ps1*' }
        }

        It 'standard output and standard error are apart, and errors say their line' {
            $before = "'before'; `$null = New-MlflowExperiment ([guid]::NewGuid())"
            foreach ($result in Invoke-Both "$import`n$before`nGet-MlflowExperiment nope`n'after'`nthrow 'broken'") {
                $result.Output -split '\r?\n' | Where-Object { $_ } | Should -Be 'before', 'after'
                $result.ErrorOutput | Should -Match 'Get-MlflowExperiment: .*script\.ps1:3'
                $result.ErrorOutput | Should -BeLike "*There is no experiment 'nope'*"
                $result.ErrorOutput | Should -Match 'script\.ps1:5'
                $result.ErrorOutput | Should -Match '\| broken'
            }
        }

        It 'named parameters, switches and texts reach the script as they were typed' {
            $script = 'param($Name, [switch] $On, [bool] $Yes, [Parameter(ValueFromRemainingArguments)] $Rest) "$Name|$On|$Yes|$($Rest -join ",")"'
            $pwsh, $scriptHost = Invoke-Both $script @('-Name', "it's `$HOME", '-On:true', '-Yes:true', 'two words', '-5', '', '*')
            $scriptHost.Output | Should -Be $pwsh.Output
            $scriptHost.Output.Trim() | Should -BeLike "it's `$HOME|True|True|two words*"
        }

        It 'the same script tracks the same run' {
            $config = Get-RepositoryPath 'samples/customers/config.yaml'
            $script = "param(`$Config, `$Base)`n$import`n" +
            'Import-AnovosConfig $Config | Start-MlflowRun -Name same | Send-AnovosArtifact -BasePath $Base -PassThru | Stop-MlflowRun'
            $results = Invoke-Both $script @('-Config', $config, '-Base', (Split-Path $config))
            $results.ExitCode | Should -Be 0, 0
            $results.ErrorOutput | Should -Be '', ''
            $runs = @(Get-MlflowRun -Experiment Customers)
            $runs.Count | Should -Be 2
            ConvertTo-Line (Get-StoredArtifact $runs[0]) | Should -Be (ConvertTo-Line (Get-StoredArtifact $runs[1]))
            $runs[0].Params.Count | Should -Be $runs[1].Params.Count
        }
    }

    Context 'Ctrl+C' {
        BeforeAll {
            $script:problem = if ($IsWindows) { 'Windows has no SIGINT to send to another process' }

            # Sends SIGINT to a script once the file 'ready' is there, and waits for its end.
            function Invoke-Interrupted {
                param([string] $Script, [string[]] $Arguments = @())

                Set-Content script.ps1 $Script
                $program = Start-Program (Get-Pwsh) (@('-NoProfile', '-NonInteractive', '-File', './script.ps1') + $Arguments)
                while (-not $program.Process.HasExited -and -not (Test-Path ready)) {
                    Start-Sleep -Milliseconds 20
                }
                & kill -INT $program.Process.Id
                Wait-Program $program 60
            }
        }
        BeforeEach {
            if ($problem) { Set-ItResult -Skipped -Because $problem }
        }

        It 'in the block of Use-MlflowRun ends the run as Killed' {
            $result = Invoke-Interrupted "$import`nUse-MlflowRun -Name long { Set-Content ready ''; while (`$true) { Start-Sleep -Milliseconds 50 } }`n'unreached'"
            $result.Output | Should -Not -BeLike '*unreached*'
            (Get-MlflowRun).Status | Should -Be Killed
        }

        It 'while a folder is on its way to a server that no longer answers ends the command and the script' {
            $listener = [System.Net.HttpListener]::new()
            $port = Get-Random -Minimum 20000 -Maximum 50000
            $listener.Prefixes.Add("http://127.0.0.1:$port/")
            $listener.Start()
            # A server with one run, that takes an upload and never answers it.
            $server = [powershell]::Create().AddScript({
                param($Listener, $Ready)

                $run = '{"run":{"info":{"run_id":"1","experiment_id":"0","status":"RUNNING","start_time":1,"lifecycle_stage":"active",' +
                '"artifact_uri":"mlflow-artifacts:/0/1/artifacts"},"data":{}}}'
                while ($Listener.IsListening) {
                    # Waited for in steps, so that the end of the test does not wait for a request that never comes.
                    $request = $Listener.GetContextAsync()
                    while (-not $request.Wait(100)) { }
                    $context = $request.Result
                    if ($context.Request.HttpMethod -eq 'PUT') {
                        Set-Content -LiteralPath $Ready ''
                        continue
                    }
                    $bytes = [System.Text.Encoding]::UTF8.GetBytes($run)
                    $context.Response.ContentType = 'application/json'
                    $context.Response.ContentLength64 = $bytes.Length
                    $context.Response.OutputStream.Write($bytes, 0, $bytes.Length)
                    $context.Response.Close()
                }
            }).AddArgument($listener).AddArgument((Join-Path (Get-CurrentFolder) ready))
            $null = $server.BeginInvoke()
            try {
                $null = New-Item -ItemType Directory large
                1..200 | ForEach-Object { Set-Content "large/part-$_.csv" $_ }
                $result = Invoke-Interrupted "$import`nSend-MlflowArtifact ./large -RunId 1 -TrackingUri http://127.0.0.1:$port`n'unreached'"
                Test-Path ready | Should -BeTrue
                $result.Output | Should -Not -BeLike '*unreached*'
            }
            finally {
                $listener.Abort()
                $server.Stop()
                $server.Dispose()
            }
        }
    }
}
