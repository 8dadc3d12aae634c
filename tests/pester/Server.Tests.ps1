#Requires -Version 7.4

Describe 'A real MLflow server, named by $env:ANOVOS_TEST_TRACKING_URI' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:uri = $env:ANOVOS_TEST_TRACKING_URI
        $script:problem = if (-not $uri) { '$env:ANOVOS_TEST_TRACKING_URI names no server' }
        $script:customers = Get-RepositoryPath 'samples/customers'
        $script:experiment = "pester-$([guid]::NewGuid().ToString('N'))"

        # The SHA-256 of each file of a run on the server, by artifact path; downloaded without the module.
        function Get-ServedArtifact {
            param($Run)

            $root = ([uri] $Run.ArtifactUri).AbsolutePath.Trim('/')
            $served = @{}
            foreach ($path in ($Run | Get-MlflowArtifact -Recurse | Where-Object -Not IsDirectory).ArtifactPath) {
                $file = Join-Path (Get-CurrentFolder) ([guid]::NewGuid())
                Invoke-WebRequest "$($uri.TrimEnd('/'))/api/2.0/mlflow-artifacts/artifacts/$root/$path" -OutFile $file
                $served[$path] = (Get-FileHash -LiteralPath $file).Hash
            }
            $served
        }
    }
    AfterAll { Restore-Environment }
    BeforeEach {
        Enter-Session
        if ($problem) { Set-ItResult -Skipped -Because $problem }
    }
    AfterEach { Exit-Session }

    It 'Test-MlflowConnection reports that it can be used, its version and that it accepts artifacts' {
        $report = Test-MlflowConnection -TrackingUri $uri
        $report.Usable | Should -BeTrue -Because $report.Message
        $report.ServerVersion | Should -Match '^\d+\.\d+\.\d+'
        $report.ServesArtifacts | Should -BeTrue
        $report.RoundTrip | Should -BeGreaterThan ([timespan]::Zero)
        Test-MlflowConnection -TrackingUri $uri -Quiet | Should -BeTrue
    }

    It 'The pipeline reports the workflow: params, tags, and every artifact byte for byte' {
        $null = Connect-Mlflow $uri
        $run = Import-AnovosConfig "$customers/config.yaml" | Start-MlflowRun -Experiment $experiment -TrackingUri $uri |
            Send-AnovosArtifact -BasePath $customers -PassThru | Stop-MlflowRun
        "$($run.Experiment) $($run.Status)" | Should -Be "$experiment Finished"
        $run.Params['stats_generator.metric'] | Should -Be '["global_summary","measures_of_counts"]'
        $run.Tags['mlflow.source.type'] | Should -Be LOCAL
        if (([uri] $run.ArtifactUri).Scheme -ne 'mlflow-artifacts') {
            Set-ItResult -Inconclusive -Because "the server keeps artifacts at $($run.ArtifactUri) and does not pass them on"
        }
        ConvertTo-Line (Get-ServedArtifact $run) | Should -Be (ConvertTo-Line (Get-CustomersArtifact))
    }

    It 'Get-MlflowRun -Filter finds runs by their metrics, params, tags and name, in the requested order' {
        $null = Connect-Mlflow $uri
        foreach ($score in 1..4) {
            $null = Start-MlflowRun -Experiment $experiment -Name "score $score" -Tag @{ suite = 'filter' }
            Write-MlflowMetric score $score
            Write-MlflowParameter parity ('even', 'odd')[$score % 2]
            $null = Stop-MlflowRun
        }
        $search = @{ Experiment = $experiment; OrderBy = 'metrics.score DESC' }
        (Get-MlflowRun @search -Filter "metrics.score > 1 and tags.suite = 'filter'").RunName | Should -Be 'score 4', 'score 3', 'score 2'
        (Get-MlflowRun @search -Filter "params.parity = 'odd'").RunName | Should -Be 'score 3', 'score 1'
        (Get-MlflowRun @search -Filter "attributes.run_name = 'score 2'").Metrics['score'] | Should -Be 2
        (Get-MlflowRun @search -Filter "tags.suite = 'filter'" -First 1).RunName | Should -Be 'score 4'
        Get-MlflowRun @search -Filter "tags.suite = 'none'" | Should -BeNullOrEmpty
        { Get-MlflowRun @search -Filter 'nonsense' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidValue*'
    }

    It 'Completion offers the experiment' {
        $null = New-MlflowExperiment "$experiment-completed" -TrackingUri $uri
        (TabExpansion2 "Get-MlflowRun -TrackingUri $uri -Experiment $experiment-c").CompletionMatches.CompletionText | Should -Be "'$experiment-completed'"
    }

    It 'Unusual names and an empty file arrive' {
        $names = 'with space.txt', 'a+b.txt', '50% off.txt', 'a[1].txt', 'empty.txt'
        $null = New-Item -ItemType Directory in
        foreach ($name in $names) { Set-Content -LiteralPath "in/$name" $name }
        [System.IO.File]::WriteAllText((Join-Path (Get-CurrentFolder) 'in/empty.txt'), '')
        $null = Connect-Mlflow $uri
        $null = Start-MlflowRun -Experiment $experiment
        (Get-ChildItem in | Send-MlflowArtifact -ArtifactPath odd).Status | Should -Be (@('Sent') * $names.Count)
        (Stop-MlflowRun | Get-MlflowArtifact odd).ArtifactPath | Sort-Object | Should -Be ($names | ForEach-Object { "odd/$_" } | Sort-Object)
    }
}
