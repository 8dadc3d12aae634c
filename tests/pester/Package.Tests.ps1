#Requires -Version 7.4

# The packages, built as for a release. SingleFileTests has the tests of the single-file host.
Describe 'The packages' {
    BeforeAll {
        $ErrorActionPreference = 'Stop'
        Import-Module "$PSScriptRoot/Suite.psm1" -Force
        Clear-Environment
        $script:package = Get-RepositoryPath 'out/package'
        $made = Invoke-Program (Get-Pwsh) '-NoProfile', '-NonInteractive', '-Command', "& '$(Get-RepositoryPath 'build.ps1')' Package -Runtime @()" -TimeoutSeconds 600
        $made.ExitCode | Should -Be 0 -Because ($made.Output + $made.ErrorOutput)
        $script:version = (Import-PowerShellDataFile (Get-RepositoryPath 'Anovos.Mlflow.psd1')).ModuleVersion
        $script:nupkg = Join-Path $package "Anovos.Mlflow.$version.nupkg"
        $script:zip = Join-Path $package "Anovos.Mlflow.$version.zip"

        # The files of an archive below a folder, with the SHA-256 of each.
        function Get-Content256 {
            param([string] $Archive, [string] $Below = '')

            $file = [System.IO.Compression.ZipFile]::OpenRead($Archive)
            try {
                foreach ($entry in $file.Entries | Where-Object { $_.FullName.StartsWith($Below) }) {
                    $stream = $entry.Open()
                    "$($entry.FullName.Substring($Below.Length)) $((Get-FileHash -InputStream $stream).Hash)"
                    $stream.Dispose()
                }
            }
            finally {
                $file.Dispose()
            }
        }
    }
    AfterAll { Restore-Environment }

    It 'contain the same files as the staged module' {
        $staged = Get-ChildItem (Join-Path $package 'Anovos.Mlflow') -Recurse -File | ForEach-Object {
            "$([System.IO.Path]::GetRelativePath((Join-Path $package 'Anovos.Mlflow'), $_.FullName).Replace('\', '/')) $((Get-FileHash -LiteralPath $_.FullName).Hash)"
        }
        $staged.Count | Should -BeGreaterThan 20
        Get-Content256 $zip "Anovos.Mlflow/$version/" | Sort-Object | Should -Be ($staged | Sort-Object)
        $own = '^(_rels/|package/|\[Content_Types\]\.xml|Anovos\.Mlflow\.nuspec)'
        Get-Content256 $nupkg | Where-Object { $_ -notmatch $own } | Sort-Object | Should -Be ($staged | Sort-Object)
    }

    It 'give the gallery the data of the manifest' {
        $file = [System.IO.Compression.ZipFile]::OpenRead($nupkg)
        $reader = [System.IO.StreamReader]::new($file.GetEntry('Anovos.Mlflow.nuspec').Open())
        $metadata = ([xml] $reader.ReadToEnd()).package.metadata
        $reader.Dispose()
        $file.Dispose()

        $manifest = Test-ModuleManifest (Join-Path $package 'Anovos.Mlflow/Anovos.Mlflow.psd1')
        $metadata.id, $metadata.version | Should -Be $manifest.Name, $manifest.Version.ToString()
        $metadata.description, $metadata.authors, $metadata.releaseNotes | Should -Be $manifest.Description, $manifest.Author, $manifest.ReleaseNotes
        $tags = $metadata.tags -split ' '
        $tags | Should -Contain 'PSModule'
        foreach ($tag in @($manifest.Tags) + @($manifest.ExportedCmdlets.Keys | ForEach-Object { "PSCmdlet_$_" })) {
            $tags | Should -Contain $tag
        }
    }

    It 'have a manifest with everything that a user needs' {
        $manifest = Test-ModuleManifest (Join-Path $package 'Anovos.Mlflow/Anovos.Mlflow.psd1')
        $asked = 'Author', 'CompanyName', 'Copyright', 'Description', 'LicenseUri', 'ReleaseNotes', 'Tags', 'Guid'
        $asked += 'PowerShellVersion', 'DotNetFrameworkVersion', 'CompatiblePSEditions'
        foreach ($name in $asked) {
            $manifest.$name | Should -Not -BeNullOrEmpty -Because $name
        }
        $manifest.ExportedFunctions.Count + $manifest.ExportedAliases.Count | Should -Be 0
    }

    It 'are listed with their checksums' {
        $sums = Get-Content (Join-Path $package 'SHA256SUMS') | ForEach-Object { $sum, $name = $_ -split '  ', 2; "$name $sum" }
        $files = Get-ChildItem $package -File | Where-Object Name -ne 'SHA256SUMS' | ForEach-Object {
            "$($_.Name) $((Get-FileHash -LiteralPath $_.FullName).Hash.ToLowerInvariant())"
        }
        $sums | Sort-Object | Should -Be ($files | Sort-Object)
    }

    It 'work when unpacked into a module folder: they are found by name and have help' {
        Push-Location (New-Item -ItemType Directory "TestDrive:/installed")
        [System.IO.Compression.ZipFile]::ExtractToDirectory($zip, (Join-Path (Get-CurrentFolder) 'modules'))
        Set-Content ./try.ps1 @'
$env:PSModulePath = "$PSScriptRoot/modules$([System.IO.Path]::PathSeparator)$env:PSModulePath"
(Start-MlflowRun -TrackingUri ./mlruns | Stop-MlflowRun).Status
(Get-Module Anovos.Mlflow).ModuleBase
[AppDomain]::CurrentDomain.GetAssemblies().Location -like '*Anovos.Mlflow.Core.dll'
(Get-Help Stop-MlflowRun).Synopsis
'@
        $result = Invoke-Pwsh ./try.ps1
        Pop-Location
        $result.ErrorOutput | Should -BeNullOrEmpty
        $lines = $result.Output.Trim() -split '\r?\n'
        $lines[0] | Should -Be 'Finished'
        $lines[1] | Should -BeLike "*modules*Anovos.Mlflow?$version"
        $isX64 = [Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture -eq 'X64'
        $ahead = if ([Environment]::Version.Major -ge 10 -and -not $IsMacOS -and $isX64) { 'net10.0-*-x64' } else { 'net8.0' }
        $lines[2] | Should -BeLike "*deps?${ahead}?Anovos.Mlflow.Core.dll"
        $lines[3] | Should -BeLike 'Ends*'
    }
}
