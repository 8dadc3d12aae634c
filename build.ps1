<#
.SYNOPSIS
    Builds, tests, checks and packages the module Anovos.Mlflow.
.DESCRIPTION
    A thin wrapper around `dotnet`: Build is `dotnet build`, which stages the importable module; Test is `dotnet test`. Analyze needs
    the module PSScriptAnalyzer; the other tasks need no module. The first task that fails ends the script with an error, and
    `pwsh -File` exits with a non-zero code.

    Runs in Windows PowerShell 5.1 and in PowerShell 7. `dotnet tool restore` restores a PowerShell 7 for it: `dotnet pwsh ./build.ps1`.
.PARAMETER Task
    The tasks to run, in this order:

    Clean    removes all build output, and the folder out
    Build    builds everything and stages the module: Release in out/Anovos.Mlflow, Debug in out/Debug/Anovos.Mlflow
    Help     builds, and updates the facts from the code on the pages in docs/cmdlets
    Test     builds, and runs all tests
    Pester   builds, and runs only the tests in tests/pester, with the PowerShell and the Pester that the build restores
    TestNetFramework
             builds Core's tests for .NET Framework 4.7.2 and runs them, on other systems than Windows with Mono
    TestPackage
             tests the packed module in -Package, in the PowerShell that runs this script, without building. In Windows PowerShell,
             only the tests of tests/pester that do not require a newer version run
    Analyze  builds, and runs PSScriptAnalyzer over the scripts and the manifest, with PSScriptAnalyzerSettings.psd1
    Package  rebuilds Release and creates in out/package the package for the PowerShell Gallery (.nupkg), the same as a
             .zip to unpack, the host as one file for each -Runtime, and SHA256SUMS
.PARAMETER Configuration
    Debug or Release. Package is always Release.
.PARAMETER Runtime
    The systems that Package builds the self-contained host for, as .NET runtime identifiers: linux-x64, linux-arm64, win-x64, osx-arm64.
    @() builds no host. A host for Windows may not be redistributed: see THIRD-PARTY-NOTICES.md.
.PARAMETER Path
    The test files of the task Pester; by default, all of them.
.PARAMETER Package
    The folder with the packed module that TestPackage tests; by default out/package, where Package creates it.
.EXAMPLE
    ./build.ps1 -Configuration Release
    Import-Module ./out/Anovos.Mlflow

    Builds the module and loads it.
.EXAMPLE
    ./build.ps1 Test, Analyze

    Runs everything that must pass before a commit.
.EXAMPLE
    pwsh -NoProfile -File ./build.ps1 Test -Configuration Release

    Runs the tests as a build server does: the exit code is 0 if they pass. For several tasks: pwsh -Command './build.ps1 Test, Analyze'
.EXAMPLE
    ./build.ps1 Package
    Expand-Archive ./out/package/Anovos.Mlflow.*.zip ($env:PSModulePath -split [IO.Path]::PathSeparator)[0]
    Import-Module Anovos.Mlflow

    Packages the module and installs it for the current user.
.EXAMPLE
    powershell -NoProfile -File ./build.ps1 TestPackage

    Tests the packed module in Windows PowerShell.
.EXAMPLE
    ./build.ps1 Package -Runtime linux-x64, linux-arm64
    Publish-PSResource -NupkgPath (Get-Item ./out/package/*.nupkg) -Repository PSGallery -ApiKey $key

    Packages everything, and publishes the module.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Clean', 'Build', 'Help', 'Test', 'Pester', 'TestNetFramework', 'Analyze', 'Package', 'TestPackage')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug',

    [AllowEmptyCollection()]
    [string[]] $Runtime = 'linux-x64',

    [string[]] $Path = (Join-Path $PSScriptRoot 'tests/pester'),

    [string] $Package = (Join-Path $PSScriptRoot 'out/package')
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3

$out = Join-Path $PSScriptRoot 'out'
$staged = Join-Path $out $(if ($Configuration -eq 'Release') { 'Anovos.Mlflow' } else { 'Debug/Anovos.Mlflow' })
$solution = Join-Path $PSScriptRoot 'Anovos.PowerShell.sln'

# Runs a native command. Throws if it fails, which PowerShell itself does not do.
function Invoke-Native {
    param([string] $Command, [string[]] $Arguments)

    if (-not (Get-Command $Command -CommandType Application -ErrorAction SilentlyContinue)) {
        throw "'$Command' is not on the PATH. This task needs it; for 'dotnet' install the .NET SDK that global.json names."
    }
    & $Command $Arguments
    if ($LASTEXITCODE -ne 0) {
        throw "'$Command $($Arguments[0])' failed with exit code $LASTEXITCODE."
    }
}

function Invoke-Clean {
    param([string] $Configuration)

    Invoke-Native dotnet @('clean', $solution, '--configuration', $Configuration, '--nologo', '--verbosity', 'quiet')
    if (Test-Path -LiteralPath $out) {
        Remove-Item -LiteralPath $out -Recurse -Force
    }
}

function Invoke-Build {
    Invoke-Native dotnet @('build', $solution, '--configuration', $Configuration, '--nologo')
}

function Invoke-Help {
    Invoke-Native dotnet @('build', (Join-Path $PSScriptRoot 'src/Anovos.Mlflow/Anovos.Mlflow.csproj'), '-target:RefreshHelp', '--configuration', $Configuration, '--nologo')
}

function Invoke-Test {
    Invoke-Native dotnet @('test', '--solution', $solution, '--configuration', $Configuration)
}

# The tests run in a separate PowerShell: a session cannot unload the module's assembly, so it would test an older build.
function Invoke-PesterSuite {
    param([string[]] $Path)

    Invoke-Build
    $project = Join-Path $PSScriptRoot 'tests/Anovos.Mlflow.Tests/Anovos.Mlflow.Tests.csproj'
    $asked = @('msbuild', $project, "-property:Configuration=$Configuration", '-getProperty:PwshPath', '-getProperty:PesterPath')
    $restored = (Invoke-Native dotnet $asked | Out-String | ConvertFrom-Json).Properties
    $suite = Join-Path $PSScriptRoot 'tests/pester/Invoke-Suite.ps1'
    $files = ($Path | ForEach-Object { "'$((Resolve-Path -LiteralPath $_).ProviderPath.Replace("'", "''"))'" }) -join ','
    $command = "& '$suite' -Path $files -Pwsh '$($restored.PwshPath)' -Pester '$($restored.PesterPath)' -Configuration $Configuration; " +
    'exit $LASTEXITCODE'
    Invoke-Native $restored.PwshPath @('-NoProfile', '-Command', $command)
}

function Invoke-NetFrameworkSuite {
    $project = Join-Path $PSScriptRoot 'tests/Anovos.Mlflow.Core.Tests'
    $netFramework = '-property:TestNetFramework=true'
    Invoke-Native dotnet @('restore', $project, $netFramework)
    $build = @('--no-restore', '--framework', 'net472', '--configuration', $Configuration, '--nologo')
    Invoke-Native dotnet (@('build', $project, $netFramework) + $build)
    $program = Join-Path $project "bin/$Configuration/net472/Anovos.Mlflow.Core.Tests.exe"
    $server = Open-TestServer
    $env:ANOVOS_TEST_SERVER_URI = $server.StandardOutput.ReadLine()
    try {
        if ($env:OS -eq 'Windows_NT') {
            Invoke-Native $program @('-noLogo', '-noColor')
        }
        else {
            Invoke-Native mono @($program, '-noLogo', '-noColor')
        }
    }
    finally {
        $env:ANOVOS_TEST_SERVER_URI = $null
        $server.StandardInput.Close()
        $server.WaitForExit()
    }
}

# The tests' server, which runs on .NET. It prints its URI, and ends when its input ends.
function Open-TestServer {
    $project = Join-Path $PSScriptRoot 'tests/Anovos.Mlflow.TestServer'
    $null = Invoke-Native dotnet @('build', $project, '--configuration', $Configuration, '--nologo')
    $program = Join-Path $project "bin/$Configuration/net10.0/Anovos.Mlflow.TestServer.dll"
    $start = New-Object System.Diagnostics.ProcessStartInfo 'dotnet', "`"$program`""
    $start.UseShellExecute = $false
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    [System.Diagnostics.Process]::Start($start)
}

# Runs in this session, which has not loaded the module, without building. Runs only the tests that need nothing but the module.
function Invoke-PackageSuite {
    param([string] $Package)

    $zip = @(Get-ChildItem -Path (Join-Path $Package 'Anovos.Mlflow.*.zip'))
    if ($zip.Count -ne 1) {
        throw "'$Package' has $($zip.Count) packages of the module instead of one. Create it with: ./build.ps1 Package"
    }
    $installed = Join-Path $out 'installed'
    if (Test-Path -LiteralPath $installed) {
        Remove-Item -LiteralPath $installed -Recurse -Force
    }
    Expand-Archive -LiteralPath $zip[0].FullName -DestinationPath (Join-Path $installed 'zip')
    # Without the version folder, whose name varies.
    $module = Join-Path $installed 'Anovos.Mlflow'
    Move-Item -Path (Join-Path $installed 'zip/Anovos.Mlflow/*') -Destination $module

    $project = Join-Path $PSScriptRoot 'tests/Anovos.Mlflow.Tests/Anovos.Mlflow.Tests.csproj'
    Invoke-Native dotnet @('restore', $project)
    $pester = (Invoke-Native dotnet @('msbuild', $project, '-getProperty:PesterPath') | Out-String).Trim()

    $tests = foreach ($name in 'Installed', 'Run', 'Workflow', 'Invoke', 'Display') {
        $file = Join-Path $PSScriptRoot "tests/pester/$name.Tests.ps1"
        $needed = [version] ((Get-Content -LiteralPath $file -TotalCount 1) -replace '^#Requires -Version ')
        if ($needed -le $PSVersionTable.PSVersion) { $file }
    }
    # Tests start this program as well. In `dotnet pwsh`, the current process is dotnet.
    $powershell = (Get-Process -Id $PID).Path
    if ((Split-Path $powershell -Leaf) -notmatch '^(pwsh|powershell)(\.exe)?$') {
        $powershell = (Get-Command pwsh -CommandType Application | Select-Object -First 1).Path
    }
    Write-Host "Testing $module in PowerShell $($PSVersionTable.PSVersion) ($($PSVersionTable.PSEdition))"
    $env:ANOVOS_TEST_MODULE = $module
    Set-StrictMode -Off
    try {
        & (Join-Path $PSScriptRoot 'tests/pester/Invoke-Suite.ps1') -Path $tests -Pwsh $powershell -Pester $pester
    }
    finally {
        $env:ANOVOS_TEST_MODULE = $null
    }
    if ($LASTEXITCODE -ne 0) {
        throw "Tests of the packed module failed."
    }
}

function Invoke-Analysis {
    if (-not (Get-Module PSScriptAnalyzer -ListAvailable)) {
        throw "This task needs the module PSScriptAnalyzer. Install it with: Install-Module PSScriptAnalyzer -Scope CurrentUser"
    }
    Invoke-Build

    $apart = '^[\\/](out|mlruns|\.git)[\\/]|[\\/](bin|obj)[\\/]'
    $files = @(Get-ChildItem -LiteralPath $PSScriptRoot -Recurse -File |
            Where-Object { $_.Extension -in '.ps1', '.psm1', '.psd1' -and $_.FullName.Substring($PSScriptRoot.Length) -notmatch $apart } |
            ForEach-Object FullName | Where-Object { $_ -ne (Join-Path $PSScriptRoot 'Anovos.Mlflow.psd1') })
    # The manifest is valid only beside the files that it refers to.
    $files += Join-Path $staged 'Anovos.Mlflow.psd1'

    $settings = Join-Path $PSScriptRoot 'PSScriptAnalyzerSettings.psd1'
    $findings = @($files | ForEach-Object { Invoke-ScriptAnalyzer -Path $_ -Settings $settings })
    foreach ($finding in $findings) {
        Write-Host "$($finding.ScriptPath):$($finding.Line):$($finding.Column): $($finding.Severity) $($finding.RuleName): $($finding.Message)"
    }
    if ($findings.Count -gt 0) {
        throw "PSScriptAnalyzer has $($findings.Count) findings in $($files.Count) files."
    }
    Write-Host "PSScriptAnalyzer has no finding in $($files.Count) files."
}

# The PowerShell Gallery reads a module's metadata from the package, not from the manifest in it.
function Export-Nuspec {
    param([string] $Module, [string] $Path)

    $manifest = Import-PowerShellDataFile (Join-Path $Module 'Anovos.Mlflow.psd1')
    $data = $manifest.PrivateData.PSData
    $cmdlets = $manifest.CmdletsToExport
    $values = [ordered]@{
        id                       = 'Anovos.Mlflow'
        version                  = $manifest.ModuleVersion
        authors                  = $manifest.Author
        owners                   = $manifest.CompanyName
        description              = $manifest.Description
        copyright                = $manifest.Copyright
        releaseNotes             = $data.ReleaseNotes
        requireLicenseAcceptance = 'false'
        tags                     = (@($data.Tags) + 'PSModule' + 'PSIncludes_Cmdlet' + ($cmdlets -replace '^', 'PSCmdlet_') + ($cmdlets -replace '^', 'PSCommand_')) -join ' '
    }
    $xml = [xml] '<package xmlns="http://schemas.microsoft.com/packaging/2012/06/nuspec.xsd"><metadata/><files><file src="**" target=""/></files></package>'
    $metadata = $xml.package.ChildNodes[0]
    foreach ($name in $values.Keys) {
        $metadata.AppendChild($xml.CreateElement($name, $xml.DocumentElement.NamespaceURI)).InnerText = $values[$name]
    }
    $license = $metadata.AppendChild($xml.CreateElement('license', $xml.DocumentElement.NamespaceURI))
    $license.SetAttribute('type', 'expression')
    $license.InnerText = 'Apache-2.0'
    $xml.Save($Path)
}

function Export-Zip {
    param([string] $Module, [string] $Version, [string] $Path)

    Add-Type -AssemblyName System.IO.Compression, System.IO.Compression.FileSystem
    $zip = [System.IO.Compression.ZipFile]::Open($Path, [System.IO.Compression.ZipArchiveMode]::Create)
    try {
        # Entry by entry, because Windows PowerShell's CreateFromDirectory writes backslashes, which other systems treat as part of the name.
        foreach ($file in Get-ChildItem -LiteralPath $Module -Recurse -File | Sort-Object FullName) {
            $name = "Anovos.Mlflow/$Version/" + $file.FullName.Substring($Module.Length + 1).Replace('\', '/')
            $null = [System.IO.Compression.ZipFileExtensions]::CreateEntryFromFile($zip, $file.FullName, $name)
        }
    }
    finally {
        $zip.Dispose()
    }
}

# Packages a separate build of the module, because a session may have loaded the one that Build stages.
function Invoke-Package {
    param([string[]] $Runtime)

    $package = Join-Path $out 'package'
    $source = Join-Path $PSScriptRoot 'src'
    # Otherwise, libraries of an older build would be packaged too.
    foreach ($old in @($package) + @(Get-ChildItem -LiteralPath $source -Directory | ForEach-Object { Join-Path $_.FullName 'bin/Release' })) {
        if (Test-Path -LiteralPath $old) {
            Remove-Item -LiteralPath $old -Recurse -Force
        }
    }
    $module = Join-Path $package 'Anovos.Mlflow'
    $staging = "-p:StagedModule=$module/"
    $project = Join-Path $source 'Anovos.Mlflow/Anovos.Mlflow.csproj'
    Invoke-Native dotnet @('build', $project, '--configuration', 'Release', '--no-incremental', '--nologo', $staging)

    $nuspec = Join-Path $package 'Anovos.Mlflow.nuspec'
    Export-Nuspec -Module $module -Path $nuspec
    Invoke-Native dotnet @(
        'pack', $project, '--configuration', 'Release', '--no-build', '--nologo', '--output', $package,
        $staging, "-p:NuspecFile=$nuspec", "-p:NuspecBasePath=$module", '-p:NoWarn=NU5100%3BNU5128'
    )
    Remove-Item -LiteralPath $nuspec

    $version = (Import-PowerShellDataFile (Join-Path $module 'Anovos.Mlflow.psd1')).ModuleVersion
    Export-Zip -Module $module -Version $version -Path (Join-Path $package "Anovos.Mlflow.$version.zip")

    foreach ($one in $Runtime) {
        $published = Join-Path $package $one
        Invoke-Native dotnet @(
            'publish', (Join-Path $source 'Anovos.Mlflow.Host'), '--configuration', 'Release', '--runtime', $one, '--self-contained',
            '--nologo', '--output', $published, $staging, '-p:PublishSingleFile=true'
        )
        foreach ($file in Get-ChildItem -LiteralPath $published -File) {
            Move-Item -LiteralPath $file.FullName -Destination (Join-Path $package "anovos-mlflow-$version-$one$($file.Extension)")
        }
        Remove-Item -LiteralPath $published -Recurse
    }

    $packed = @(Get-ChildItem -LiteralPath $package -File | Sort-Object Name)
    $sums = $packed | ForEach-Object { "$((Get-FileHash -LiteralPath $_.FullName -Algorithm SHA256).Hash.ToLowerInvariant())  $($_.Name)" }
    [System.IO.File]::WriteAllLines((Join-Path $package 'SHA256SUMS'), [string[]] $sums)
    $packed | ForEach-Object { Write-Host "Packaged $($_.FullName) ($([Math]::Round($_.Length / 1MB, 1)) MB)" }
}

foreach ($name in $Task) {
    switch ($name) {
        'Clean' { Invoke-Clean $Configuration }
        'Build' { Invoke-Build }
        'Help' { Invoke-Help }
        'Test' { Invoke-Test }
        'Pester' { Invoke-PesterSuite $Path }
        'TestNetFramework' { Invoke-NetFrameworkSuite }
        'Analyze' { Invoke-Analysis }
        'Package' { Invoke-Package -Runtime $Runtime }
        'TestPackage' { Invoke-PackageSuite -Package $Package }
    }
}
