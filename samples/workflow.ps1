# Runs an Anovos workflow with one command, and prints how long its steps took and which attributes drifted.
#   samples/workflow.ps1 ./config.yaml spark-submit main.py
param(
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $Program,
    [Parameter(ValueFromRemainingArguments)] [string[]] $Arguments = @()
)

$run = Import-AnovosConfig $Path -ErrorAction Stop | Invoke-AnovosWorkflow $Program $Arguments -RunType local
$run | Out-Default
foreach ($metric in $run.Metrics.GetEnumerator()) {
    if ($metric.Key -like 'time/*') { '{0,10:0.0} s  {1}' -f $metric.Value, $metric.Key }
}

$flagged = $run.Tags['flagged/drift_statistics']
if ($flagged) { "Drifted: $flagged" }
exit $LASTEXITCODE
