<#
.SYNOPSIS
    Ends the run that init.sh started: sends the outputs of the workflow, and then sets the run's status.
.DESCRIPTION
    Run it at the end of a job, as its last task with "Run if: all done", or in Python:

        subprocess.run(["/opt/anovos-mlflow/anovos-mlflow", "/Workspace/Shared/finish.ps1", "-Config", "/Workspace/Shared/config.yaml"], check=True)

    The run is the one in MLFLOW_RUN_ID. If it is not set, because the cluster started without a run, nothing is done.
.PARAMETER Status
    How the workflow ended. If an output is missing or cannot be sent, Finished becomes Failed.
.PARAMETER Config
    The workflow file. Without it, nothing is sent.
.PARAMETER KeepOpen
    Leaves the run open, because it was started elsewhere and is ended there.
#>
param(
    [ValidateSet('Finished', 'Failed', 'Killed')]
    [string] $Status = 'Finished',

    [string] $Config,

    [switch] $KeepOpen
)

$ErrorActionPreference = 'Stop'
if (-not $env:MLFLOW_RUN_ID) {
    'MLFLOW_RUN_ID is not set: the cluster started without a run. Nothing was sent.'
    return
}

$sent = $false
try {
    if ($Config) {
        $rows = Send-AnovosArtifact -Config (Import-AnovosConfig -LiteralPath $Config)
        $rows | Out-Default
        if ($Status -eq 'Finished' -and ($rows | Where-Object { $_.Status -in 'Missing', 'Failed' })) {
            throw 'Not all outputs of the workflow are there.'
        }
    }
    $sent = $true
}
finally {
    if (-not $sent -and $Status -eq 'Finished') {
        $Status = 'Failed'
    }
    if (-not $KeepOpen) {
        Stop-MlflowRun $Status | Out-Default
    }
}
