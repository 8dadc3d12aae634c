@{
    RootModule             = 'Anovos.Mlflow.dll'
    ModuleVersion          = '0.1.0'
    GUID                   = '3d5c1a52-6c55-4a6b-9b0e-6a7a7a0b7d5f'
    Author                 = 'The Anovos.Mlflow contributors'
    CompanyName            = 'The Anovos.Mlflow contributors'
    Copyright              = '(c) The Anovos.Mlflow contributors. Apache-2.0.'
    Description            = 'Reports runs of Anovos workflows to MLflow Tracking: experiments, runs, params, metrics, tags and the artifacts that the workflow file allows.'
    PowerShellVersion      = '5.1'
    DotNetFrameworkVersion = '4.7.2'
    CompatiblePSEditions   = @('Core', 'Desktop')
    FormatsToProcess       = @('Anovos.Mlflow.Format.ps1xml')

    CmdletsToExport        = @(
        'Compare-MlflowRun'
        'Connect-Mlflow'
        'Copy-MlflowExperiment'
        'Copy-MlflowRun'
        'Disconnect-Mlflow'
        'Export-AnovosProject'
        'Export-MlflowReport'
        'Get-AnovosOutput'
        'Get-MlflowArtifact'
        'Get-MlflowConnection'
        'Get-MlflowExperiment'
        'Get-MlflowLoggedModel'
        'Get-MlflowMetric'
        'Get-MlflowModelVersion'
        'Get-MlflowRegisteredModel'
        'Get-MlflowRun'
        'Import-AnovosConfig'
        'Invoke-AnovosWorkflow'
        'Invoke-MlflowProject'
        'New-MlflowExperiment'
        'New-MlflowModelVersion'
        'New-MlflowRegisteredModel'
        'Receive-MlflowArtifact'
        'Receive-MlflowModel'
        'Remove-MlflowArtifact'
        'Remove-MlflowExperiment'
        'Remove-MlflowModelAlias'
        'Remove-MlflowModelVersion'
        'Remove-MlflowRegisteredModel'
        'Remove-MlflowRun'
        'Remove-MlflowTag'
        'Restore-MlflowExperiment'
        'Restore-MlflowRun'
        'Send-AnovosArtifact'
        'Send-MlflowArtifact'
        'Set-MlflowExperiment'
        'Set-MlflowModelAlias'
        'Set-MlflowModelVersion'
        'Set-MlflowRegisteredModel'
        'Set-MlflowTag'
        'Show-MlflowRun'
        'Start-MlflowRun'
        'Stop-MlflowRun'
        'Sync-MlflowRun'
        'Test-AnovosConfig'
        'Test-MlflowConnection'
        'Test-MlflowRun'
        'Use-MlflowRun'
        'Write-AnovosStatistic'
        'Write-MlflowMetric'
        'Write-MlflowParameter'
    )
    FunctionsToExport      = @()
    AliasesToExport        = @()
    VariablesToExport      = @()

    PrivateData            = @{
        PSData = @{
            Tags         = @('MLflow', 'Anovos', 'Databricks', 'Spark', 'MLOps', 'PSEdition_Core', 'PSEdition_Desktop', 'Windows', 'Linux', 'MacOS')
            LicenseUri   = 'https://www.apache.org/licenses/LICENSE-2.0'
            ReleaseNotes = 'See CHANGELOG.md, beside this manifest.'
        }
    }
}
