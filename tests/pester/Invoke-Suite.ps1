#Requires -Version 7.4
<#
.SYNOPSIS
    Runs the tests of this folder against the staged module; builds nothing.
.DESCRIPTION
    Needs Pester 5. The exit code is 0 when every test passed or was skipped, 1 when one failed, and 2 where Pester 5 is missing.

    Tests against a real MLflow server run when $env:ANOVOS_TEST_TRACKING_URI names one, as http://127.0.0.1:5000.
.PARAMETER Configuration
    The build to test: Debug, which is staged in out/Debug/Anovos.Mlflow, or Release, in out/Anovos.Mlflow.
.PARAMETER FailurePath
    A file to write the names of the tests that failed to, one a line.
.PARAMETER Path
    The test files; without it, all of this folder.
.EXAMPLE
    pwsh -NoProfile -File tests/pester/Invoke-Suite.ps1
.EXAMPLE
    $env:ANOVOS_TEST_TRACKING_URI = 'http://127.0.0.1:5000'
    pwsh -NoProfile -File tests/pester/Invoke-Suite.ps1 -Path tests/pester/Server.Tests.ps1
#>
[CmdletBinding()]
param(
    [string[]] $Path = $PSScriptRoot,

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug',

    [string] $FailurePath
)

if (-not (Get-Module Pester -ListAvailable | Where-Object { $_.Version.Major -eq 5 })) {
    [Console]::Error.WriteLine('These tests need Pester 5. Install it with: ' +
        'Install-Module Pester -MinimumVersion 5.5 -MaximumVersion 5.99 -Scope CurrentUser -SkipPublisherCheck')
    exit 2
}
Import-Module Pester -MinimumVersion 5.0 -MaximumVersion 5.99.99 -ErrorAction Stop

$pester = New-PesterConfiguration
$pester.Run.Path = $Path
$pester.Run.PassThru = $true
$pester.Output.Verbosity = 'Detailed'
$pester.Output.CIFormat = 'None'

$env:POWERSHELL_TELEMETRY_OPTOUT = '1'
$env:ANOVOS_TEST_CONFIGURATION = $Configuration
$result = Invoke-Pester -Configuration $pester

if ($FailurePath) {
    $failures = @(
        $result.Failed | ForEach-Object { "$($_.ExpandedPath): $($_.ErrorRecord | Select-Object -First 1)" }
        $result.FailedBlocks | ForEach-Object { "$($_.ExpandedPath), its setup: $($_.ErrorRecord | Select-Object -First 1)" }
        $result.FailedContainers | ForEach-Object { "$($_.Item): $($_.ErrorRecord | Select-Object -First 1)" }
    )
    Set-Content -LiteralPath $FailurePath -Value $failures
}

$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
exit [int]($failed -gt 0 -or $result.TotalCount -eq 0)
