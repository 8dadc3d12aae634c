#Requires -Version 7.4

Describe 'The module among others' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:module = Get-StagedModule
        $script:config = Get-RepositoryPath 'samples/customers/config.yaml'

        # A YamlDotNet as another module might bring it, if the tests of this repository have restored it.
        function Get-OtherYamlDotNet {
            param([string] $Version)

            $packages = $env:NUGET_PACKAGES
            if (-not $packages) {
                $packages = ((dotnet nuget locals global-packages --list) -replace '^global-packages: ').Trim()
            }
            Get-ChildItem "$packages/yamldotnet/$Version/lib/net[78].0/YamlDotNet.dll" -ErrorAction SilentlyContinue | Select-Object -First 1 -ExpandProperty FullName
        }
    }
    AfterAll { Restore-Environment }
    BeforeEach { Enter-Session }
    AfterEach { Exit-Session }

    Context 'Import and removal' {
        It 'Import-Module accepts the folder, and the manifest in it' {
            foreach ($path in $module, "$module/Anovos.Mlflow.psd1") {
                Remove-Module Anovos.Mlflow
                Import-Module $path
                (Get-Module Anovos.Mlflow).Version | Should -Be (Import-PowerShellDataFile "$module/Anovos.Mlflow.psd1").ModuleVersion
            }
        }

        It 'exports the cmdlets of the manifest, and neither functions nor aliases nor variables' {
            $exported = Get-Module Anovos.Mlflow
            $exported.ExportedCmdlets.Keys | Sort-Object | Should -Be ((Import-PowerShellDataFile "$module/Anovos.Mlflow.psd1").CmdletsToExport | Sort-Object)
            $exported.ExportedFunctions.Count + $exported.ExportedAliases.Count + $exported.ExportedVariables.Count | Should -Be 0
        }

        It 'adds no variable to the session' {
            $before = Get-Variable -Scope Global | Select-Object -ExpandProperty Name
            $null = Start-MlflowRun
            Get-Variable -Scope Global | Where-Object Name -NotIn $before | Should -BeNullOrEmpty
        }

        It 'is found by its name when its folder is on the module path' {
            $result = Invoke-Program (Get-Pwsh) @('-NoProfile', '-NonInteractive', '-Command',
                "`$env:PSModulePath = '$(Split-Path $module)'; (Get-Command Start-MlflowRun).Source; (Start-MlflowRun -Name auto).RunName")
            $result.ErrorOutput | Should -BeNullOrEmpty
            $result.Output -split '\r?\n' | Where-Object { $_ } | Should -Be 'Anovos.Mlflow', 'auto'
        }

        It 'Import-Module -Force works, and ends the session: no connection, no run, a clean environment' {
            $null = Connect-Mlflow ./elsewhere
            $null = Start-MlflowRun
            Import-Module $module -Force -Global
            (Get-MlflowConnection).TrackingUri | Should -BeLike 'sqlite:*mlflow.db'
            $env:MLFLOW_RUN_ID | Should -BeNullOrEmpty
            { Write-MlflowMetric a 1 } | Should -Throw -ErrorId 'NoActiveRun*'
            (Start-MlflowRun -Name again).RunName | Should -Be again
        }

        It 'Remove-Module leaves neither a command nor a variable of a run behind, and the module can be imported again' {
            $env:MLFLOW_TRACKING_URI = './mine'
            $null = Start-MlflowRun
            $env:MLFLOW_TRACKING_URI | Should -BeLike 'file:*mine'
            Remove-Module Anovos.Mlflow
            Get-Command Start-MlflowRun -ErrorAction SilentlyContinue | Where-Object Module | Should -BeNullOrEmpty
            $env:MLFLOW_RUN_ID | Should -BeNullOrEmpty
            $env:MLFLOW_TRACKING_URI | Should -Be './mine'
            $env:MLFLOW_TRACKING_URI = $null
            Import-Module $module -Global
            (Import-AnovosConfig $config).Tracking.Experiment | Should -Be Customers
        }
    }

    It 'works if its Core was already loaded by somebody else' {
        Set-Content script.ps1 @'
param($Module)
$core = Get-ChildItem $Module/deps/net8.0/Anovos.Mlflow.Core.dll
$null = [System.Runtime.Loader.AssemblyLoadContext]::new('another').LoadFromAssemblyPath($core.FullName)
Import-Module $Module
(Start-MlflowRun -TrackingUri ./mlruns | Stop-MlflowRun).Status
'@
        $result = Invoke-Pwsh ./script.ps1 $module
        $result.ErrorOutput | Should -BeNullOrEmpty
        $result.Output.Trim() | Should -Be 'Finished'
    }

    Context 'Beside YamlDotNet <Yaml> of another module, each in a separate process' -ForEach @{ Yaml = '13.7.1' }, @{ Yaml = '18.1.0' } {
        It 'both work when <First> is loaded first' -ForEach @{ First = 'the other one' }, @{ First = 'ours' } {
            $other = Get-OtherYamlDotNet $Yaml
            if (-not $other) {
                Set-ItResult -Skipped -Because "YamlDotNet $Yaml is not among the restored packages"
            }
            $load = @('Import-Module $Module', '$null = Import-AnovosConfig $Config', 'Add-Type -Path $Other')
            if ($First -eq 'the other one') {
                $load = $load[2], $load[0], $load[1]
            }
            Set-Content script.ps1 (@('param($Module, $Config, $Other)', '$ErrorActionPreference = "Stop"') + $load + @'
(Import-AnovosConfig $Config | Start-MlflowRun | Stop-MlflowRun).Status
[YamlDotNet.Serialization.DeserializerBuilder].Assembly.Location
[YamlDotNet.Serialization.DeserializerBuilder]::new().Build().Deserialize('[one, two]') -join ' '
@([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'YamlDotNet' }).Count
'@)
            $result = Invoke-Pwsh ./script.ps1 $module, $config, $other
            $result.ErrorOutput | Should -BeNullOrEmpty
            $result.Output -split '\r?\n' | Where-Object { $_ } | Should -Be 'Finished', $other, 'one two', '2'
        }
    }
}
