# The common functions of the tests: paths, a clean environment, processes, and the expected content of a store.

$repository = Split-Path (Split-Path $PSScriptRoot)
$beforeTests = @{}

# A full path in the repository; with '../shared/...', a path in the material next to it, which may be missing.
function Get-RepositoryPath {
    param([string] $Path = '')

    [System.IO.Path]::GetFullPath((Join-Path $repository $Path))
}

# The reason why a test cannot use the material next to the repository; nothing if it can.
function Get-SharedProblem {
    if (-not (Test-Path -LiteralPath (Get-RepositoryPath '../shared/anovos'))) {
        '../shared/anovos is not beside this repository'
    }
}

# Clears the variables about MLflow and the build agent until Restore-Environment.
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

# Creates an empty folder for one test, enters it, and imports the module as in a new session: without a connection or a run.
function Enter-Session {
    Push-Location (New-Item -ItemType Directory "TestDrive:/$([guid]::NewGuid().ToString('N'))")
    Import-Module (Get-StagedModule) -Force -Global
}

function Exit-Session {
    Remove-Module Anovos.Mlflow
    Pop-Location
}

# The current folder as other processes know it: TestDrive: exists only in this session.
function Get-CurrentFolder {
    (Get-Location).ProviderPath
}

# Runs a program in the current folder; returns its output and exit code. A program that hangs is an error.
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

# The pwsh that runs these tests. The path of its process would be that of dotnet.
function Get-Pwsh {
    $env:ANOVOS_TEST_PWSH
}

# Runs a script file in a separate pwsh, like a person or a build server.
function Invoke-Pwsh {
    param([string] $Path, [string[]] $Arguments = @())

    Invoke-Program (Get-Pwsh) (@('-NoProfile', '-NonInteractive', '-File', $Path) + $Arguments)
}

# The configuration of the build under test: Debug or Release.
function Get-Configuration {
    if ($env:ANOVOS_TEST_CONFIGURATION) { $env:ANOVOS_TEST_CONFIGURATION } else { 'Debug' }
}

# The module as staged by the build, or as unpacked by `./build.ps1 TestPackage`.
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

# The folder of a run's artifacts: a folder store records a URI, and a database records a path.
function Get-ArtifactFolder {
    param($Run)

    if ($Run.ArtifactUri -like 'file:*') { ([uri] $Run.ArtifactUri).LocalPath } else { $Run.ArtifactUri }
}

# The SHA-256 of each of a run's files in the store, by artifact path.
function Get-StoredArtifact {
    param($Run)

    $root = Get-ArtifactFolder $Run
    $stored = @{}
    foreach ($file in Get-ChildItem -LiteralPath $root -Recurse -File -Force) {
        $stored[$file.FullName.Substring($root.Length + 1).Replace('\', '/')] = (Get-FileHash -LiteralPath $file.FullName).Hash
    }
    $stored
}

# The SHA-256 of the files of a folder, by their path below an artifact path. Spark's checksum files need -IncludeChecksum.
function Get-SourceArtifact {
    param([string] $Folder, [string] $ArtifactPath, [string] $Name = '*', [switch] $IncludeChecksum)

    $source = @{}
    foreach ($file in Get-ChildItem -LiteralPath $Folder -File -Force | Where-Object { $_.Name -like $Name -and ($IncludeChecksum -or $_.Name -notlike '.*.crc') }) {
        $source["$ArtifactPath/$($file.Name)"] = (Get-FileHash -LiteralPath $file.FullName).Hash
    }
    $source
}

# The expected artifacts of the sample workflow: the outputs that the flags of its mlflow block select, and the workflow file itself.
function Get-CustomersArtifact {
    $customers = Get-RepositoryPath 'samples/customers'
    $binning = 'data_transformer/transformers/attribute_binning'
    (Get-SourceArtifact "$customers/output/final_dataset" 'final_dataset') +
    (Get-SourceArtifact "$customers/intermediate_data/$binning" $binning) +
    (Get-SourceArtifact "$customers/report_stats" 'report_stats') +
    (Get-SourceArtifact -Folder $customers -ArtifactPath 'config' -Name 'config.yaml')
}

# A table of artifacts as lines, to make a difference readable.
function ConvertTo-Line {
    param([hashtable] $Table)

    $Table.GetEnumerator() | Sort-Object Key | ForEach-Object { "$($_.Key) $($_.Value)" }
}

Export-ModuleMember -Function *
