# What the tests share: where things are, a clean environment, processes, and what a store should hold.

$repository = Split-Path (Split-Path $PSScriptRoot)
$beforeTests = @{}

# The full path of something in the repository; with '../shared/...' of the material beside it, which may be missing.
function Get-RepositoryPath {
    param([string] $Path = '')

    [System.IO.Path]::GetFullPath((Join-Path $repository $Path))
}

# Why a test cannot use the material beside the repository; nothing where it can.
function Get-SharedProblem {
    if (-not (Test-Path -LiteralPath (Get-RepositoryPath '../shared/anovos'))) {
        '../shared/anovos is not beside this repository'
    }
}

# Takes away what the shell says about MLflow, and that it is a pipeline, until Restore-Environment.
function Clear-Environment {
    $script:beforeTests = @{}
    foreach ($variable in Get-ChildItem Env: | Where-Object { $_.Name -like 'MLFLOW_*' -or $_.Name -eq 'TF_BUILD' }) {
        $script:beforeTests[$variable.Name] = $variable.Value
        Remove-Item -LiteralPath "Env:$($variable.Name)"
    }
}

function Restore-Environment {
    Get-ChildItem Env: | Where-Object Name -like 'MLFLOW_*' | ForEach-Object { Remove-Item -LiteralPath "Env:$($_.Name)" }
    foreach ($name in $script:beforeTests.Keys) {
        Set-Item -LiteralPath "Env:$name" -Value $script:beforeTests[$name]
    }
}

# Makes an empty folder for one test, goes there, and has the module as a new session has it: no connection and no run.
function Enter-Session {
    Push-Location (New-Item -ItemType Directory "TestDrive:/$([guid]::NewGuid().ToString('N'))")
    Import-Module (Get-StagedModule) -Force -Global
}

function Exit-Session {
    Remove-Module Anovos.Mlflow
    Pop-Location
}

# The current folder as other processes know it: TestDrive: is known here only.
function Get-CurrentFolder {
    (Get-Location).ProviderPath
}

# Runs a program in the current folder; what it says and its exit code. A program that hangs is an error.
function Invoke-Program {
    param([string] $FilePath, [string[]] $Arguments, [int] $TimeoutSeconds = 120)

    $process = Start-Program $FilePath $Arguments
    Wait-Program $process $TimeoutSeconds
}

function Start-Program {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'For tests only')]
    param([string] $FilePath, [string[]] $Arguments)

    $start = [System.Diagnostics.ProcessStartInfo]::new($FilePath)
    foreach ($argument in $Arguments) {
        $start.ArgumentList.Add($argument)
    }
    $start.WorkingDirectory = Get-CurrentFolder
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.Environment['NO_COLOR'] = '1'
    $process = [System.Diagnostics.Process]::Start($start)
    [pscustomobject]@{
        Process     = $process
        Output      = $process.StandardOutput.ReadToEndAsync()
        ErrorOutput = $process.StandardError.ReadToEndAsync()
    }
}

function Wait-Program {
    param($Program, [int] $TimeoutSeconds = 120)

    if (-not $Program.Process.WaitForExit($TimeoutSeconds * 1000)) {
        $Program.Process.Kill($true)
        throw "The process did not end within $TimeoutSeconds s. Output: $($Program.Output.Result) Errors: $($Program.ErrorOutput.Result)"
    }
    $Program.Process.WaitForExit()
    [pscustomobject]@{
        ExitCode    = $Program.Process.ExitCode
        Output      = $Program.Output.Result
        ErrorOutput = $Program.ErrorOutput.Result
    }
}

# The pwsh that runs these tests. Its process is dotnet's.
function Get-Pwsh {
    $env:ANOVOS_TEST_PWSH
}

# Runs a script file in a pwsh of its own, as a person or a build server does.
function Invoke-Pwsh {
    param([string] $Path, [string[]] $Arguments = @())

    Invoke-Program (Get-Pwsh) (@('-NoProfile', '-NonInteractive', '-File', $Path) + $Arguments)
}

# Debug or Release, whose build the tests run against.
function Get-Configuration {
    if ($env:ANOVOS_TEST_CONFIGURATION) { $env:ANOVOS_TEST_CONFIGURATION } else { 'Debug' }
}

# The module as the build stages it, or as `./build.ps1 TestPackage` has unpacked it.
function Get-StagedModule {
    if ($env:ANOVOS_TEST_MODULE) { return $env:ANOVOS_TEST_MODULE }
    Get-RepositoryPath $(if ((Get-Configuration) -eq 'Release') { 'out/Anovos.Mlflow' } else { 'out/Debug/Anovos.Mlflow' })
}

# The script host of this repository.
function Get-ScriptHost {
    Get-RepositoryPath "src/Anovos.Mlflow.Host/bin/$(Get-Configuration)/net10.0/anovos-mlflow.dll"
}

function Invoke-ScriptHost {
    param([string] $Path, [string[]] $Arguments = @())

    Invoke-Program 'dotnet' (@((Get-ScriptHost), $Path) + $Arguments)
}

# The folder of a run's artifacts: a folder store records a URI, a database a path.
function Get-ArtifactFolder {
    param($Run)

    if ($Run.ArtifactUri -like 'file:*') { ([uri] $Run.ArtifactUri).LocalPath } else { $Run.ArtifactUri }
}

# The SHA-256 of each file that the store holds for a run, by artifact path.
function Get-StoredArtifact {
    param($Run)

    $root = Get-ArtifactFolder $Run
    $stored = @{}
    foreach ($file in Get-ChildItem -LiteralPath $root -Recurse -File -Force) {
        $stored[$file.FullName.Substring($root.Length + 1).Replace('\', '/')] = (Get-FileHash -LiteralPath $file.FullName).Hash
    }
    $stored
}

# The SHA-256 of the files of a folder, by their path below an artifact path. Spark's checksum files are apart.
function Get-SourceArtifact {
    param([string] $Folder, [string] $ArtifactPath, [string] $Name = '*', [switch] $IncludeChecksum)

    $source = @{}
    foreach ($file in Get-ChildItem -LiteralPath $Folder -File -Force | Where-Object { $_.Name -like $Name -and ($IncludeChecksum -or $_.Name -notlike '.*.crc') }) {
        $source["$ArtifactPath/$($file.Name)"] = (Get-FileHash -LiteralPath $file.FullName).Hash
    }
    $source
}

# What a run of the sample workflow holds: its outputs as the flags of its mlflow block have it, and the file itself.
function Get-CustomersArtifact {
    $customers = Get-RepositoryPath 'samples/customers'
    $binning = 'data_transformer/transformers/attribute_binning'
    (Get-SourceArtifact "$customers/output/final_dataset" 'final_dataset') +
    (Get-SourceArtifact "$customers/intermediate_data/$binning" $binning) +
    (Get-SourceArtifact "$customers/report_stats" 'report_stats') +
    (Get-SourceArtifact -Folder $customers -ArtifactPath 'config' -Name 'config.yaml')
}

# A table of artifacts as lines, so that a difference is readable.
function ConvertTo-Line {
    param([hashtable] $Table)

    $Table.GetEnumerator() | Sort-Object Key | ForEach-Object { "$($_.Key) $($_.Value)" }
}

Export-ModuleMember -Function *
