#Requires -Version 7.4
<#
.SYNOPSIS
    Makes the pictures of the README: docs/pictures/report.png and docs/pictures/terminal.svg.
.DESCRIPTION
    Runs the income workflow of samples/income in a temporary folder, with a SQLite database as the store. report.png is a
    screenshot of the report that Export-MlflowReport writes. terminal.svg shows commands and what they printed.

    Needs python3, chromium, and npx, which fetches svg-term-cli.
.PARAMETER Module
    The folder of the module: out/Anovos.Mlflow, where `dotnet build -c Release` puts it.
.EXAMPLE
    ./docs/pictures/make.ps1
#>
[CmdletBinding()]
param(
    [string] $Module = (Join-Path $PSScriptRoot '../../out/Anovos.Mlflow')
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3

function Invoke-Native {
    param([string] $Command, [string[]] $Arguments)

    $printed = & $Command $Arguments 2>&1
    if ($LASTEXITCODE -ne 0) {
        throw "'$Command' failed with exit code ${LASTEXITCODE}: $printed"
    }
}

# A recording in the format of asciinema: the prompt, the command, and then all that the command printed.
function Export-Recording {
    param([string[]] $Command, [string] $Path, [int] $Width)

    $text = foreach ($line in $Command) {
        "`e[32mPS>`e[0m $line"
        & ([scriptblock]::Create($line)) *>&1 | Out-String -Stream -Width $Width
    }
    $lines = @("$($text -join "`n")`n`e[32mPS>`e[0m " -replace '\n\s*\n(\s*\n)+', "`n`n" -split '\n')
    $header = @{ version = 2; width = $Width; height = $lines.Count } | ConvertTo-Json -Compress
    $output = ConvertTo-Json -Compress -InputObject @(1, 'o', ($lines -join "`r`n"))
    Set-Content -LiteralPath $Path $header, $output
}

Import-Module (Resolve-Path -LiteralPath $Module).Path
$PSStyle.OutputRendering = 'Ansi'
# The pictures show this name.
$work = Join-Path ([System.IO.Path]::GetTempPath()) 'income'
if (Test-Path -LiteralPath $work) {
    throw "$work exists. Remove it: the pictures are made in a folder of that name."
}
Copy-Item -Recurse -LiteralPath (Join-Path $PSScriptRoot '../../samples/income') -Destination $work
Push-Location -LiteralPath $work
try {
    # The workflow file in the picture names neither a server nor a schema that is elsewhere.
    (Get-Content config.yaml) -replace 'tracking_uri: .*', 'tracking_uri: "sqlite:///mlflow.db"' -notmatch '^#' | Set-Content config.yaml
    $run = 'Import-AnovosConfig config.yaml | Invoke-AnovosWorkflow python3 main.py -RunType local'
    $null = & ([scriptblock]::Create("$run -Name monday")) *>&1
    Copy-Item data/income_dataset/later/* data/income_dataset/csv

    Export-Recording -Path terminal.cast -Width 120 -Command @(
        "$run -Name tuesday 6> run.log"
        'Get-MlflowRun -First 2 | Compare-MlflowRun | Where-Object Key -match "age/(missing_pct|PSI)$"'
        'Get-MlflowRun -First 1 | Test-MlflowRun -MaxDrifted 0'
    )
    Invoke-Native npx @('--yes', 'svg-term-cli@2.1.1', '--in', 'terminal.cast', '--out', (Join-Path $PSScriptRoot 'terminal.svg'), '--at', '1000', '--window', '--no-cursor')

    $report = Get-MlflowRun -First 2 | Export-MlflowReport report.html
    $picture = Join-Path $PSScriptRoot 'report.png'
    Invoke-Native chromium @(
        '--headless', '--no-sandbox', '--hide-scrollbars', '--window-size=1100,920', "--screenshot=$picture", $report.FullName
    )
}
finally {
    Pop-Location
    Remove-Item -Recurse -Force -LiteralPath $work
}
Get-Item (Join-Path $PSScriptRoot report.png), (Join-Path $PSScriptRoot terminal.svg)
