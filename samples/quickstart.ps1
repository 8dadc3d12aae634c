# Tracks the workflow in samples/customers to ./mlflow.db, and shows the run and its artifacts.
$workflow = Import-AnovosConfig "$PSScriptRoot/customers/config.yaml"

$run = $workflow | Start-MlflowRun -Name quickstart |
    Send-AnovosArtifact -BasePath "$PSScriptRoot/customers" -PassThru |
    Stop-MlflowRun

$run | Out-Default
$run | Get-MlflowArtifact -Recurse | Where-Object { -not $_.IsDirectory } | Out-Default
