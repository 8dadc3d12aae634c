using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the single-file host: it unpacks its module into any folder that the machine offers.</summary>
[Collection(SingleFileHostCollection.Name)]
public sealed class SingleFileTests(SingleFileHost host) : IDisposable
{
    private const string ModuleBase = "(Get-Module Anovos.Mlflow).ModuleBase; (Start-MlflowRun -TrackingUri ./mlruns | Stop-MlflowRun).Status";

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    private string Home => Path.Combine(_folder, "home");

    private string Cache => Path.Combine(Home, ".local", "share", "anovos-mlflow", "host");

    private string UnpackedModule => Path.Combine(Assert.Single(Directory.GetDirectories(Cache)), "Modules", "Anovos.Mlflow");

    [Fact]
    public void An_empty_environment_is_enough_and_the_second_start_finds_what_the_first_unpacked()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the home folder is not the environment's there");
        AssertRuns(Cache, ("HOME", Home));
        Dictionary<string, DateTime> files = Written();
        AssertRuns(Cache, ("HOME", Home));
        Assert.Equal(files, Written());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Assert.Single(Directory.GetDirectories(Cache))));
    }

    [Fact]
    public void A_script_has_the_commands_of_PowerShell()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the home folder is not the environment's there");
        (int exitCode, string output, string error) = Run(HostTests.Commands, ("HOME", Home));
        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.Equal(HostTests.PrintedByCommands, HostTests.Lines(output));
    }

    [Fact]
    public void What_is_torn_or_was_tampered_with_is_mended()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the home folder is not the environment's there");
        AssertRuns(Cache, ("HOME", Home));
        string module = UnpackedModule;
        File.WriteAllText(Path.Combine(module, "Anovos.Mlflow.dll"), "");
        File.AppendAllText(Path.Combine(module, "Anovos.Mlflow.psd1"), "# more");
        Directory.Delete(Path.Combine(module, "deps"), recursive: true);
        AssertRuns(Cache, ("HOME", Home));
        AssertModuleIsWhole();
    }

    [Fact]
    public async Task Several_that_start_at_once_do_not_get_in_each_others_way()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the home folder is not the environment's there");
        _ = host.Path;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => AssertRuns(Cache, ("HOME", Home)))));
        AssertModuleIsWhole();
    }

    [Fact]
    public void Without_a_home_that_can_be_written_to_the_folder_is_a_temporary_one_and_is_gone_afterwards()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the home folder is not the environment's there");
        string temporary = Directory.CreateDirectory(Path.Combine(_folder, "tmp")).FullName;
        File.WriteAllText(Home, "no folder");
        AssertRuns(temporary, ("HOME", Home), ("TMPDIR", temporary));
        Assert.Empty(Directory.GetFileSystemEntries(temporary));

        (int exitCode, _, string error) = Run(ModuleBase, ("HOME", Home), ("TMPDIR", Home));
        Assert.Equal(70, exitCode);
        Assert.Contains("Set TMPDIR", error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Dictionary<string, DateTime> Written() =>
        Directory.GetFiles(Cache, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.GetLastWriteTimeUtc);

    private void AssertModuleIsWhole()
    {
        static IEnumerable<string> Contents(string folder) =>
            Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => $"{Path.GetRelativePath(folder, file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}").Order(StringComparer.Ordinal);
        // A single file is for one system, so it has only that system's native library.
        string natives = Path.Combine("deps", "runtimes") + Path.DirectorySeparatorChar;
        string own = natives + RuntimeInformation.RuntimeIdentifier + Path.DirectorySeparatorChar;
        Assert.Equal(
            Contents(Repository.StagedModule).Where(file =>
                !file.StartsWith(natives, StringComparison.Ordinal) || file.StartsWith(own, StringComparison.Ordinal)),
            Contents(UnpackedModule));
    }

    private void AssertRuns(string below, params (string Name, string? Value)[] environment)
    {
        (int exitCode, string output, string error) = Run(ModuleBase, environment);
        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.StartsWith(below, output);
        Assert.EndsWith("Finished", output.TrimEnd());
    }

    private (int ExitCode, string Output, string Error) Run(string script, params (string Name, string? Value)[] environment)
    {
        string folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
        File.WriteAllText(Path.Combine(folder, "script.ps1"), script);
        var result = CleanProcess.Run(host.Path, ["script.ps1"], folder, environment);
        Directory.Delete(folder, recursive: true);
        return result;
    }
}
