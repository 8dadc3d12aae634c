using System.Runtime.InteropServices;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests when the module's libraries are loaded, and that they do not conflict with those of another module.</summary>
public sealed class LibraryTests : IDisposable
{
    private const string Functions =
        """
        $ErrorActionPreference = 'Stop'
        function Get-Library { ([System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -eq Anovos.Mlflow).Assemblies }
        function Show-Library { (Get-Library | ForEach-Object { $_.GetName().Name } | Sort-Object) -join ' ' }
        function Send-ToBucket($Uri) {
            Set-Content file.txt something
            $null = New-MlflowExperiment $Uri -ArtifactLocation $Uri -TrackingUri ./mlruns
            $null = Start-MlflowRun -Experiment $Uri -TrackingUri ./mlruns
            try { Send-MlflowArtifact file.txt } catch { "$_" } finally { $null = Stop-MlflowRun }
        }

        """;

    // Nothing listens at these addresses. A library notices that only after it has signed and sent a request.
    private static readonly (string, string?)[] Cloud =
    [
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=account;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/account"),
        ("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("STORAGE_EMULATOR_HOST", "127.0.0.1:1"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
    ];

    private static readonly string Runtime = $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-"
        + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    [Fact]
    public void The_schema_is_in_the_module_and_the_library_that_tests_it_is_not()
    {
        Assert.True(File.Exists(Path.Combine(Repository.StagedModule, "anovos-workflow.schema.json")));
        string[] files = Directory.GetFiles(Repository.StagedModule, "*.dll", SearchOption.AllDirectories);
        string[] libraries = [.. files.Select(file => Path.GetFileName(file))];
        Assert.Contains("Anovos.Mlflow.Core.dll", libraries);
        Assert.Empty(libraries.Intersect(["JsonSchema.Net.dll", "JsonPointer.Net.dll", "Json.More.dll", "Humanizer.dll"]));
    }

    [Theory]
    [InlineData("wasbs://container@account.blob.core.windows.net", "Azure.Storage.Blobs", "AWSSDK")]
    [InlineData("s3://bucket", "AWSSDK.S3", "Azure")]
    [InlineData("gs://bucket", "Google.Cloud.Storage.V1", "AWSSDK")]
    public void A_library_loads_on_first_use(string bucket, string used, string unused)
    {
        string[] lines = Run(
            """
            $module = $args[0]
            Import-Module $module
            Show-Library
            $null = Start-MlflowRun -TrackingUri ./mlruns
            Write-MlflowMetric loss 1
            $null = Stop-MlflowRun
            Show-Library
            $null = Import-AnovosConfig $args[1]
            Show-Library
            (Test-MlflowConnection -TrackingUri http://127.0.0.1:1).Problem
            Show-Library
            Send-ToBucket $args[2]
            Show-Library
            Get-Library | Where-Object { -not $_.Location.StartsWith($module) } | ForEach-Object { "elsewhere: $($_.Location)" }
            """,
            Repository.StagedModule, Path.Combine(Repository.Root, "samples", "customers", "config.yaml"), bucket);

        Assert.Equal(
            [
                "Anovos.Mlflow.Core", "Anovos.Mlflow.Core", "Anovos.Mlflow.Core YamlDotNet",
                "TrackingServerUnreachable", "Anovos.Mlflow.Core RestSharp YamlDotNet",
            ],
            lines[..5]);
        Assert.Contains("cannot be reached", lines[5]);
        Assert.Contains(used, lines[6].Split(' '));
        Assert.DoesNotContain(unused, lines[6]);
        Assert.Equal(bucket.StartsWith("gs:", StringComparison.Ordinal), lines[6].Contains("Google") || lines[6].Contains("Newtonsoft"));
        Assert.Equal(7, lines.Length);
    }

    [Theory]
    [InlineData("1.32.0", "the other module")]
    [InlineData("1.32.0", "ours")]
    [InlineData("1.64.0", "the other module")]
    public void Another_module_with_other_versions_works_beside_ours(string version, string first)
    {
        string other = OtherModule(version);
        string[] modules = first == "ours" ? [Repository.StagedModule, other] : [other, Repository.StagedModule];
        string[] lines = Run(
            """
            Import-Module $args[0], $args[1]
            Use-OtherLibrary
            Send-ToBucket wasbs://container@account.blob.core.windows.net
            Send-ToBucket s3://bucket
            Use-OtherLibrary
            ([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'Azure.Core' }).Location
            Get-Library | Where-Object { $_.GetName().Name -in 'Newtonsoft.Json', 'SQLitePCLRaw.core' }
            """,
            modules);

        string[] used = [$"Azure.Core {version}.0 application/json", "SQLite 3035005", "Newtonsoft.Json {\"a\":1}"];
        Assert.Equal(used, lines[..3]);
        Assert.Contains("wasbs://container@account.blob.core.windows.net cannot be reached", lines[3]);
        Assert.Contains("s3://bucket cannot be reached", lines[4]);
        Assert.Equal(used, lines[5..8]);
        string ours = Path.Combine(Repository.StagedModule, "deps", "net8.0", "Azure.Core.dll");
        Assert.Equivalent(new[] { ours, Path.Combine(other, "Azure.Core.dll") }, lines[8..], strict: true);
    }

    [Theory]
    [InlineData("the other module")]
    [InlineData("ours")]
    public void Another_module_with_another_Json_library_works_beside_the_one_of_Google(string first)
    {
        string other = OtherModule();
        string[] modules = first == "ours" ? [Repository.StagedModule, other] : [other, Repository.StagedModule];
        string[] lines = Run(
            """
            Import-Module $args[0], $args[1]
            if ($args[2] -eq 'the other module') { $null = Use-OtherLibrary }
            Send-ToBucket gs://bucket
            Use-OtherLibrary | Where-Object { $_ -like 'Newtonsoft*' }
            (Get-Library | Where-Object { $_.GetName().Name -eq 'Newtonsoft.Json' }).GetName().Version.Major
            """,
            [.. modules, first]);
        Assert.Contains("gs://bucket cannot be reached", lines[0]);
        Assert.Equal(["Newtonsoft.Json {\"a\":1}", "13"], lines[1..]);
    }

    [Fact]
    public void Imports_at_the_same_time_share_one_Core()
    {
        string[] lines = Run(
            """
            $module = $args[0]
            1..4 | ForEach-Object -ThrottleLimit 4 -Parallel {
                Import-Module $using:module
                (Start-MlflowRun -TrackingUri ./mlruns | Stop-MlflowRun).Status
            }
            @([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'Anovos.Mlflow.Core' }).Count
            """,
            Repository.StagedModule);
        Assert.Equal(["Finished", "Finished", "Finished", "Finished", "1"], lines);
    }

    [Theory]
    [InlineData("the other module")]
    [InlineData("ours")]
    public void Another_module_with_another_SQLite_works_beside_ours(string first)
    {
        string other = OtherModule();
        string[] modules = first == "ours" ? [Repository.StagedModule, other] : [other, Repository.StagedModule];
        string[] lines = Run(
            """
            Import-Module $args[0], $args[1]
            if ($args[2] -eq 'the other module') { Use-OtherLibrary }
            (Start-MlflowRun -TrackingUri sqlite:///runs.db | Stop-MlflowRun).Status
            Use-OtherLibrary
            (Get-MlflowRun -TrackingUri sqlite:///runs.db).Status
            $context = [System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -eq Anovos.Mlflow
            "ours $($context.LoadFromAssemblyName('SQLitePCLRaw.core').GetType('SQLitePCL.raw')::sqlite3_libversion_number())"
            """,
            [.. modules, first]);

        string[] expected = ["Finished", "SQLite 3035005", "Finished", "ours 3053004"];
        Assert.Equal(
            first == "ours" ? expected : ["SQLite 3035005", .. expected],
            lines.Where(line => !line.StartsWith("Azure", StringComparison.Ordinal) && !line.StartsWith("Newtonsoft", StringComparison.Ordinal)));
    }

    [Fact]
    public void SQLite_is_in_the_module_for_every_system_in_a_folder_that_import_does_not_read()
    {
        string module = CopyOfModule(), natives = Path.Combine(module, "deps", "runtimes");
        string[] systems = [.. Directory.GetFiles(natives, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(natives, file)).Order()];
        Assert.Equal(
            [
                "linux-arm64/native/libe_sqlite3.so", "linux-musl-arm64/native/libe_sqlite3.so", "linux-musl-x64/native/libe_sqlite3.so",
                "linux-x64/native/libe_sqlite3.so", "osx-arm64/native/libe_sqlite3.dylib", "osx-x64/native/libe_sqlite3.dylib",
                "win-arm64/native/e_sqlite3.dll", "win-x64/native/e_sqlite3.dll", "win-x86/native/e_sqlite3.dll",
            ],
            systems.Select(file => file.Replace('\\', '/')));
        File.WriteAllText(Path.Combine(natives, Runtime, "native", "native.dll"), "not an assembly");
        string[] lines = Run(
            """
            Import-Module $args[0]
            $maps = Get-Content /proc/self/maps -ErrorAction Ignore
            "loaded: $(@($maps -match 'e_sqlite3').Count)"
            (Start-MlflowRun -TrackingUri sqlite:///runs.db | Stop-MlflowRun).Status
            """,
            module);
        Assert.Equal(["loaded: 0", "Finished"], lines);
    }

    [Fact]
    public void A_missing_SQLite_is_an_error_that_says_what_to_use_instead()
    {
        string module = CopyOfModule();
        Directory.Delete(Path.Combine(module, "deps", "runtimes"), recursive: true);

        string error = Assert.Single(Run(
            """
            Import-Module $args[0]
            try { Start-MlflowRun -TrackingUri sqlite:///runs.db } catch { "$_" }
            """,
            module));

        Assert.StartsWith("SQLite cannot be loaded on this system", error);
        Assert.EndsWith("Use a folder or a server as the tracking URI.", error);
    }

    [Theory]
    [InlineData("Azure.Core")]
    [InlineData("Azure.Storage.Blobs")]
    public void A_missing_library_is_an_error_with_its_name_and_the_remedy(string library)
    {
        string module = CopyOfModule();
        File.Delete(Path.Combine(module, "deps", "net8.0", library + ".dll"));

        string error = Assert.Single(Run("Import-Module $args[0]; Send-ToBucket wasbs://container@account.blob.core.windows.net", module));

        Assert.StartsWith($"The module's library {library} is missing", error);
        Assert.Contains("Reinstall the module Anovos.Mlflow", error);
        Assert.Contains(Path.Combine(module, "deps"), error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void CopyNativeSqlite(string version, string folder)
    {
        string package = Path.Combine(Repository.Packages, "sqlitepclraw.lib.e_sqlite3", version, "runtimes", Runtime, "native");
        CopyPackage(Path.GetRelativePath(Repository.Packages, Directory.GetFiles(package).Single()), folder);
    }

    private static void CopyPackage(string file, string folder)
    {
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(Repository.Packages, file), Path.Combine(folder, Path.GetFileName(file)));
    }

    // A script module that brings libraries the usual way, by loading them into the default context.
    private string OtherModule(string azureCore = "1.32.0")
    {
        string folder = Path.Combine(_folder, "Other");
        CopyPackage($"azure.core/{azureCore}/lib/netstandard2.0/Azure.Core.dll", folder);
        CopyPackage("newtonsoft.json/12.0.3/lib/netstandard2.0/Newtonsoft.Json.dll", folder);
        CopyPackage("sqlitepclraw.core/2.0.6/lib/netstandard2.0/SQLitePCLRaw.core.dll", folder);
        CopyPackage("sqlitepclraw.provider.e_sqlite3/2.0.6/lib/net5.0/SQLitePCLRaw.provider.e_sqlite3.dll", folder);
        CopyNativeSqlite("2.0.6", folder);
        File.WriteAllText(
            Path.Combine(folder, "Other.psd1"),
            """
            @{
                ModuleVersion = '1.0'; RootModule = 'Other.psm1'; FunctionsToExport = 'Use-OtherLibrary'
                RequiredAssemblies = 'Azure.Core.dll', 'Newtonsoft.Json.dll', 'SQLitePCLRaw.core.dll', 'SQLitePCLRaw.provider.e_sqlite3.dll'
            }
            """);
        File.WriteAllText(
            Path.Combine(folder, "Other.psm1"),
            """
            function Use-OtherLibrary {
                "Azure.Core $([Azure.Core.ContentType].Assembly.GetName().Version) $([Azure.Core.ContentType]::ApplicationJson)"
                [SQLitePCL.raw]::SetProvider([SQLitePCL.SQLite3Provider_e_sqlite3]::new())
                "SQLite $([SQLitePCL.raw]::sqlite3_libversion_number())"
                "Newtonsoft.Json $([Newtonsoft.Json.JsonConvert]::SerializeObject(@{ a = 1 }))"
            }
            """);
        return folder;
    }

    private string CopyOfModule()
    {
        string copy = Path.Combine(_folder, "Anovos.Mlflow");
        foreach (string file in Directory.GetFiles(Repository.StagedModule, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(Repository.StagedModule, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    private string[] Run(string script, params string[] arguments)
    {
        string path = Path.Combine(_folder, "script.ps1");
        File.WriteAllText(path, Functions + script);
        (int exitCode, string output, string error) = CleanProcess.Run(
            Repository.Pwsh, ["-NoProfile", "-NonInteractive", "-File", path, .. arguments], _folder,
            [("HOME", _folder), ("PATH", Environment.GetEnvironmentVariable("PATH")), ("NO_COLOR", "1"), .. Cloud]);
        Assert.Equal(("", 0), (error, exitCode));
        return output.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
    }
}
