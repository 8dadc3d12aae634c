# Shared by the tests: paths, a clean environment, processes, and the expected content of a store.

$repository = Split-Path (Split-Path $PSScriptRoot)
$beforeTests = @{}

# Returns the full path of something in the repository. With '../shared/...', of the material beside it, which may be missing.
function Get-RepositoryPath {
    param([string] $Path = '')

    [System.IO.Path]::GetFullPath((Join-Path $repository $Path))
}

# Returns why a test cannot use the material beside the repository; nothing if it can.
function Get-SharedProblem {
    if (-not (Test-Path -LiteralPath (Get-RepositoryPath '../shared/anovos'))) {
        '../shared/anovos is not beside this repository'
    }
}

# Removes the environment variables of MLflow and of pipelines until Restore-Environment.
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

# Creates an empty folder for one test, changes to it, and resets the module as in a new session: no connection and no run.
function Enter-Session {
    Push-Location (New-Item -ItemType Directory "TestDrive:/$([guid]::NewGuid().ToString('N'))")
    Import-Module (Get-StagedModule) -Force -Global
}

function Exit-Session {
    Remove-Module Anovos.Mlflow
    Pop-Location
}

# Returns the current folder as a path for other processes, because TestDrive: exists only here.
function Get-CurrentFolder {
    (Get-Location).ProviderPath
}

# Runs a program in the current folder. Returns its output and its exit code. Fails if the program hangs.
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

# Returns the pwsh that runs these tests, whose process is dotnet.
function Get-Pwsh {
    $env:ANOVOS_TEST_PWSH
}

# Runs a script file in a separate pwsh, as a person or a build server does.
function Invoke-Pwsh {
    param([string] $Path, [string[]] $Arguments = @())

    Invoke-Program (Get-Pwsh) (@('-NoProfile', '-NonInteractive', '-File', $Path) + $Arguments)
}

# The configuration of the tested build: Debug or Release.
function Get-Configuration {
    if ($env:ANOVOS_TEST_CONFIGURATION) { $env:ANOVOS_TEST_CONFIGURATION } else { 'Debug' }
}

# Returns the module staged by the build, or unpacked by `./build.ps1 TestPackage`.
function Get-StagedModule {
    if ($env:ANOVOS_TEST_MODULE) { return $env:ANOVOS_TEST_MODULE }
    Get-RepositoryPath $(if ((Get-Configuration) -eq 'Release') { 'out/Anovos.Mlflow' } else { 'out/Debug/Anovos.Mlflow' })
}

# Returns the script host of this repository.
function Get-ScriptHost {
    Get-RepositoryPath "src/Anovos.Mlflow.Host/bin/$(Get-Configuration)/net10.0/anovos-mlflow.dll"
}

function Invoke-ScriptHost {
    param([string] $Path, [string[]] $Arguments = @())

    Invoke-Program 'dotnet' (@((Get-ScriptHost), $Path) + $Arguments)
}

# Returns the folder of a run's artifacts. A folder store records a URI, a database a path.
function Get-ArtifactFolder {
    param($Run)

    if ($Run.ArtifactUri -like 'file:*') { ([uri] $Run.ArtifactUri).LocalPath } else { $Run.ArtifactUri }
}

# Returns the SHA-256 of each file in the store of a run, by artifact path.
function Get-StoredArtifact {
    param($Run)

    $root = Get-ArtifactFolder $Run
    $stored = @{}
    foreach ($file in Get-ChildItem -LiteralPath $root -Recurse -File -Force) {
        $stored[$file.FullName.Substring($root.Length + 1).Replace('\', '/')] = (Get-FileHash -LiteralPath $file.FullName).Hash
    }
    $stored
}

# Returns the SHA-256 of the files of a folder, by their path below an artifact path. Spark's checksum files are left out.
function Get-SourceArtifact {
    param([string] $Folder, [string] $ArtifactPath, [string] $Name = '*', [switch] $IncludeChecksum)

    $source = @{}
    foreach ($file in Get-ChildItem -LiteralPath $Folder -File -Force | Where-Object { $_.Name -like $Name -and ($IncludeChecksum -or $_.Name -notlike '.*.crc') }) {
        $source["$ArtifactPath/$($file.Name)"] = (Get-FileHash -LiteralPath $file.FullName).Hash
    }
    $source
}

# Returns the expected artifacts of the sample workflow's run: the outputs that its mlflow block selects, and the workflow file.
function Get-CustomersArtifact {
    $customers = Get-RepositoryPath 'samples/customers'
    $binning = 'data_transformer/transformers/attribute_binning'
    (Get-SourceArtifact "$customers/output/final_dataset" 'final_dataset') +
    (Get-SourceArtifact "$customers/intermediate_data/$binning" $binning) +
    (Get-SourceArtifact "$customers/report_stats" 'report_stats') +
    (Get-SourceArtifact -Folder $customers -ArtifactPath 'config' -Name 'config.yaml')
}

# Returns a table of artifacts as lines, so that a difference is readable.
function ConvertTo-Line {
    param([hashtable] $Table)

    $Table.GetEnumerator() | Sort-Object Key | ForEach-Object { "$($_.Key) $($_.Value)" }
}

Export-ModuleMember -Function *
