#Requires -Version 5.1
<#
.SYNOPSIS
    Runs the tests of this folder against the staged module; builds nothing.
.DESCRIPTION
    `./build.ps1 Pester` and `dotnet test` call it in the pwsh and with the Pester that the build restored, `./build.ps1 TestPackage` in
    any PowerShell. The exit code is 0 when every test passed or was skipped, else 1.

    Tests against a real MLflow server run when $env:ANOVOS_TEST_TRACKING_URI names one, as http://127.0.0.1:5000.
.PARAMETER Pwsh
    The PowerShell that runs this script, which the tests start as well.
.PARAMETER Pester
    The manifest of Pester 5.
.PARAMETER Configuration
    The build to test: Debug, which is staged in out/Debug/Anovos.Mlflow, or Release, in out/Anovos.Mlflow.
.PARAMETER ResultPath
    A JSON file for the number of tests that passed, and the tests that failed or were skipped, with the reason.
.PARAMETER Path
    The test files; without it, all of this folder.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Pwsh,

    [Parameter(Mandatory)]
    [string] $Pester,

    [string[]] $Path = $PSScriptRoot,

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug',

    [string] $ResultPath
)

Import-Module $Pester -ErrorAction Stop

$settings = New-PesterConfiguration
$settings.Run.Path = $Path
$settings.Run.PassThru = $true
$settings.Output.Verbosity = 'Detailed'
$settings.Output.CIFormat = 'None'

$env:POWERSHELL_TELEMETRY_OPTOUT = '1'
$env:ANOVOS_TEST_CONFIGURATION = $Configuration
$env:ANOVOS_TEST_PWSH = $Pwsh
$result = Invoke-Pester -Configuration $settings

if ($ResultPath) {
    @{
        Passed  = $result.PassedCount
        Failed  = @(
            $result.Failed | ForEach-Object { "$($_.ExpandedPath): $($_.ErrorRecord | Select-Object -First 1)" }
            $result.FailedBlocks | ForEach-Object { "$($_.ExpandedPath), its setup: $($_.ErrorRecord | Select-Object -First 1)" }
            $result.FailedContainers | ForEach-Object { "$($_.Item): $($_.ErrorRecord | Select-Object -First 1)" }
        )
        Skipped = @($result.Skipped | ForEach-Object { "$($_.ExpandedPath): $($_.ErrorRecord | Select-Object -First 1)" })
    } | ConvertTo-Json | Set-Content -LiteralPath $ResultPath
}

$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
exit [int]($failed -gt 0 -or $result.TotalCount -eq 0)
