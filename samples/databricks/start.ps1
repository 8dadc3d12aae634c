<#
.SYNOPSIS
    Starts the run of a workflow and writes its id to a file. Used by the task start of job.json.
.PARAMETER Result
    The file to write the id to.
.PARAMETER Config
    The workflow file. Its settings are recorded, and its mlflow block says where to track to.
#>
param(
    [Parameter(Mandatory)]
    [string] $Result,

    [Parameter(Mandatory)]
    [string] $Config
)

$ErrorActionPreference = 'Stop'
$run = Import-AnovosConfig -LiteralPath $Config | Start-MlflowRun
if (-not $run) {
    throw "$Config has no mlflow block: no run was started."
}
[System.IO.File]::WriteAllText($Result, $run.RunId)
