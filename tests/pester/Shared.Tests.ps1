#Requires -Version 7.4

Describe "Tracking Anovos' own workflows, with the material beside this repository" {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:problem = Get-SharedProblem
        $script:outputs = Get-RepositoryPath '../shared/anovos/outputs'
        $script:configs = Get-RepositoryPath '../shared/anovos/configs'
        $script:reports = @('drift_statistics', 'duplicate_detection', 'global_summary', 'measures_of_cardinality', 'measures_of_centralTendency',
            'measures_of_counts', 'measures_of_dispersion', 'measures_of_percentiles', 'measures_of_shape' | ForEach-Object { "report_stats/$_.csv" }) +
        'report_stats/basic_report.html' + 'report_stats/ml_anovos_report.html'
        $script:datasets = @(
            'final_dataset/_SUCCESS'
            'final_dataset/part-00000-9a537e2d-be2b-45bf-8d23-9953cb0fc436-c000.snappy.parquet'
        )
        $script:intermediates = @(
            'data_ingest/join_dataset/_SUCCESS'
            'data_ingest/join_dataset/part-00000-95053e31-05c1-46e3-871b-09b54c7e0e49-c000.csv'
            'data_analyzer/quality_checker/duplicate_detection/dataset/_SUCCESS'
            'data_analyzer/quality_checker/duplicate_detection/dataset/part-00000-d2ea0b9c-2956-457b-85a9-9b4a482f57cc-c000.csv'
        )
        $script:transformed = @(
            'data_transformer/transformers/attribute_binning/_SUCCESS'
            'data_transformer/transformers/attribute_binning/part-00000-f167bc3e-46a0-4ad9-b6da-3e317970e5e5-c000.csv'
            'data_transformer/transformers/outlier_categories/_SUCCESS'
            'data_transformer/transformers/outlier_categories/part-00000-1e2ad023-67e3-48c4-88a3-99ca8f28672a-c000.csv'
        )

        # Tracks the outputs with configs_full.yaml and a mlflow block of these flags; returns the artifact paths in the store.
        function Get-TrackedPath {
            param([string] $Output = 'False', [string] $Reports = 'False', [string] $Intermediates = 'False')

            $block = @('', 'mlflow:', '  experiment: "Full"', '  tracking_uri: "./mlruns"', "  track_output: $Output", "  track_reports: $Reports",
                "  track_intermediates: $Intermediates")
            Set-Content full.yaml @(@(Get-Content "$configs/configs_full.yaml") + $block)
            $run = Import-AnovosConfig ./full.yaml | Start-MlflowRun |
                Send-AnovosArtifact -BasePath $outputs -PassThru -WarningVariable script:warnings -WarningAction SilentlyContinue | Stop-MlflowRun
            $run.Status | Should -Be Finished
            (Get-StoredArtifact $run).Keys | Where-Object { $_ -ne 'config/full.yaml' } | Sort-Object
        }
    }
    AfterAll { Restore-Environment }
    BeforeEach {
        Enter-Session
        if ($problem) { Set-ItResult -Skipped -Because $problem }
    }
    AfterEach { Exit-Session }

    It 'configs_mlflow.yaml with -TrackingUri ./mlruns: the basic report and the file itself; a missing final dataset outside the folder gives a warning' {
        $run = Import-AnovosConfig "$configs/configs_mlflow.yaml" | Start-MlflowRun -TrackingUri ./mlruns |
            Send-AnovosArtifact -BasePath $outputs -PassThru -WarningVariable warnings -WarningAction SilentlyContinue | Stop-MlflowRun
        "$($run.Experiment) $($run.Status)" | Should -Be 'Anovos Finished'
        $expected = (Get-SourceArtifact "$outputs/report_stats" report_stats) + (Get-SourceArtifact $configs config configs_mlflow.yaml)
        $expected.Count | Should -Be 12
        ConvertTo-Line (Get-StoredArtifact $run) | Should -Be (ConvertTo-Line $expected)
        @($warnings).Count | Should -Be 2
        "$($warnings[0])" | Should -BeLike 'write_main was not sent: *final_dataset does not exist.'
        "$($warnings[1])" | Should -BeLike '*-BasePath*'
    }

    It 'configs_full.yaml with every flag on: each output under its artifact path in Anovos' {
        Get-TrackedPath -Output True -Reports True -Intermediates True | Should -Be ($datasets + $intermediates + $transformed + $reports | Sort-Object)
    }

    It 'track_output alone sends the final dataset' {
        Get-TrackedPath -Output True | Should -Be ($datasets | Sort-Object)
    }

    It 'track_reports alone sends the folder of statistics and reports' {
        Get-TrackedPath -Reports True | Should -Be ($reports | Sort-Object)
    }

    It 'track_intermediates alone sends the intermediate datasets' {
        Get-TrackedPath -Intermediates True | Should -Be ($intermediates + $transformed | Sort-Object)
    }

    It 'track_intermediates as a list of patterns selects among the intermediate datasets' {
        Get-TrackedPath -Intermediates '["data_transformer/*"]' | Should -Be ($transformed | Sort-Object)
    }

    It 'No flag on sends only the workflow file, and gives no warning' {
        Get-TrackedPath | Should -BeNullOrEmpty
        $warnings | Should -BeNullOrEmpty
    }
}
