using System.Diagnostics;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the host as a process: its output on each stream, and its exit code.</summary>
[Collection(nameof(HostTests))]
public class HostTests : IDisposable
{
    /// <summary>A script that runs commands of each of PowerShell's own modules.</summary>
    internal const string Commands = """
        Write-Host 'to the host'
        Get-ChildItem -LiteralPath $PSScriptRoot -Name
        1..3 | Select-Object -Last 1
        [pscustomobject]@{ Name = 'a'; Value = 1 } | Format-Table
        (ConvertTo-SecureString 'text' -AsPlainText -Force).Length
        Add-Type 'public static class Compiled { public static int Three() => 3; }'
        [Compiled]::Three()
        """;

    /// <summary>The lines that the script prints.</summary>
    internal static readonly string[] PrintedByCommands = ["to the host", "script.ps1", "3", "Name Value", "---- -----", "a        1", "4", "3"];

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    [Theory]
    [InlineData("'fine'", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("throw 'broken'", 1)]
    [InlineData("if (", 1)]
    [InlineData("#Requires -Version 99", 1)]
    [InlineData("[CmdletBinding()] param([int] $Number, [Parameter(ValueFromRemainingArguments)] $Rest) if ($Number -ne 3 -or \"$Rest\" -ne 'one two words') { exit 9 }", 0, "-Number", "3")]
    [InlineData("$global:LASTEXITCODE = 5; 'a native command failed before'", 0)]
    [InlineData("Get-MlflowExperiment 'none of that name'", 0)]
    [InlineData("if ($args[0] -ne 'one' -or $args[1] -ne 'two words') { exit 9 }", 0)]
    public void A_script_ends_with_the_exit_code_that_pwsh_would_give(string script, int expected, params string[] arguments) =>
        Assert.Equal(expected, RunHost(script, [.. arguments, "one", "two words"]).ExitCode);

    [Fact]
    public void An_error_that_ends_the_script_is_shown_with_the_place_it_came_from()
    {
        string error = RunHost("# first line\nthrow 'broken'").Error;
        Assert.Contains("script.ps1:2", error);
        Assert.Contains("broken", error);
    }

    [Fact]
    public void Output_goes_to_standard_output_and_errors_to_standard_error()
    {
        (_, string output, string error) = RunHost("'to output'; Get-MlflowExperiment 'none of that name'; 'after'; throw 'broken'");
        Assert.Contains("to output", output);
        Assert.Contains("after", output);
        Assert.DoesNotContain("none of that name", output);
        Assert.Contains("none of that name", error);
        Assert.Contains("broken", error);
    }

    [Fact]
    public void A_script_that_is_not_there_is_said_to_be_missing()
    {
        (int exitCode, _, string error) = RunHostWith("missing.ps1");
        Assert.Equal(64, exitCode);
        Assert.Contains("missing.ps1", error);
    }

    [Fact]
    public void A_host_without_the_module_ends_with_70()
    {
        Assert.SkipWhen(CleanProcess.Find("dotnet") is null, "there is no dotnet on the PATH");
        string host = Path.GetDirectoryName(Repository.Host)!;
        foreach (string file in Directory.GetFiles(host, "*", SearchOption.AllDirectories))
        {
            string path = Path.Combine(_folder, "host", Path.GetRelativePath(host, file));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (!file.EndsWith("Anovos.Mlflow.psd1", StringComparison.Ordinal))
                File.Copy(file, path);
        }

        string program = Path.Combine(_folder, "host", Path.GetFileName(Repository.Host));
        (int exitCode, string output, string error) = Run("dotnet", [program, Write("script.ps1", "'unreached'")], _folder);
        Assert.Equal(70, exitCode);
        Assert.DoesNotContain("unreached", output);
        Assert.Contains("Anovos.Mlflow.psd1", output + error);
    }

    [Fact]
    public void The_quickstart_tracks_the_sample_workflow_into_mlflow_db()
    {
        string script = Path.Combine(Repository.Root, "samples", "quickstart.ps1");
        (int exitCode, string output, string error) = RunHostWith(script);
        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.Contains("quickstart", output);
        Assert.Contains("Finished", output);
        Assert.Contains("final_dataset/_SUCCESS", output);
        Assert.Contains("data_transformer/transformers/attribute_binning", output);
        Assert.DoesNotContain("data_ingest", output);
        Assert.DoesNotContain(".crc", output);
        Assert.True(File.Exists(Path.Combine(_folder, "mlflow.db")));
        string[] artifacts = Directory.GetFiles(Path.Combine(_folder, "mlruns"), "_SUCCESS", SearchOption.AllDirectories);
        Assert.Contains(artifacts, file => file.Contains("final_dataset"));
    }

    [Fact]
    public void A_script_has_the_commands_of_PowerShell()
    {
        (int exitCode, string output, string error) = RunHost(Commands);
        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.Equal(PrintedByCommands, Lines(output));
    }

    [Theory]
    [InlineData("(Get-Module).Name; $args.Count", 0, "Anovos.Mlflow\n0\n")]
    [InlineData("exit 7", 7, "")]
    [InlineData("throw 'broken'", 1, "")]
    public void A_command_runs_with_the_module_loaded(string command, int expected, string printed)
    {
        (int exitCode, string output, string error) = Run(Repository.HostProgram, Repository.HostArguments("-Command", command), _folder);
        Assert.Equal(expected, exitCode);
        Assert.Equal(printed, output.ReplaceLineEndings("\n"));
        Assert.Equal(expected == 1, error.Contains("broken"));
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("--help")]
    [InlineData("-?")]
    public void Help_shows_how_to_run_a_script(string option)
    {
        (int exitCode, string output, _) = Run(Repository.HostProgram, Repository.HostArguments(option), _folder);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("usage: anovos-mlflow", output);
    }

    [Fact]
    public void A_script_starts_without_banner_or_profile_and_a_session_with_both()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the profile is not in a folder of the environment there");
        Write("home/.config/powershell/profile.ps1", "'the profile'");
        string script = Write("script.ps1", "'the script'; $env:POWERSHELL_UPDATECHECK; $env:POWERSHELL_TELEMETRY_OPTOUT");
        Assert.Equal("the script\nOff\n1\n", RunAtHome("", script));
        Assert.Equal("the command\n", RunAtHome("", "-Command", "'the command'"));
        string[] lines = Lines(RunAtHome("exit"));
        Assert.Matches(@"^Anovos\.Mlflow \d+\.\d+\.\d+, PowerShell 7\.", lines[0]);
        Assert.Equal("the profile", lines[1]);
    }

    [Fact]
    public async Task A_terminal_has_a_prompt_and_knows_the_module()
    {
        using Terminal terminal = InTerminal();
        await terminal.TypeAfterAsync("PS ", "(Get-Module Anovos.Mlflow).Name.ToUpper(); Read-Host question");
        await terminal.ReadUntilAsync("ANOVOS.MLFLOW");
        await terminal.TypeAfterAsync("question: ", "the answer");
        await terminal.TypeAfterAsync("PS ", "exit 3");
        Assert.Equal(3, await terminal.EndAsync());
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("1", false)]
    public async Task A_terminal_shows_colors_unless_NO_COLOR_is_set(string? noColor, bool expected)
    {
        using Terminal terminal = InTerminal(Write("script.ps1", "[pscustomobject]@{ Name = 'a' }; Write-Error 'broken'"), noColor);
        await terminal.EndAsync();
        Assert.Contains("Name", terminal.Shown);
        Assert.Contains("broken", terminal.Shown);
        Assert.Equal(expected, terminal.Shown.Contains("\u001b[32;1m"));
        Assert.Equal(expected, terminal.Shown.Contains("\u001b[31;1m"));
    }

    [Fact]
    public async Task Errors_in_a_file_have_no_colors()
    {
        string errors = Path.Combine(_folder, "errors");
        string script = Write("script.ps1", "[pscustomobject]@{ Name = 'a' }; Write-Error 'broken'");
        using Terminal terminal = InTerminal($"{script} 2>'{errors}'");
        await terminal.EndAsync();
        Assert.Contains("Name", terminal.Shown);
        Assert.Contains("broken", File.ReadAllText(errors));
        Assert.DoesNotContain("\u001b[", File.ReadAllText(errors));
    }

    [Fact]
    public async Task A_script_asks_nothing()
    {
        using Terminal terminal = InTerminal(Write("script.ps1", "$ErrorActionPreference = 'Stop'; Read-Host question; 'unreached'"));
        Assert.Equal(1, await terminal.EndAsync());
        Assert.Contains("NonInteractive", terminal.Shown);
        Assert.DoesNotContain("unreached\r", terminal.Shown);
    }

    [Fact]
    public async Task A_script_that_is_interrupted_ends_with_130()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGINT to send to another process");
        string script = Write("script.ps1", "'ready'; while ($true) { Start-Sleep -Milliseconds 10 }");
        var start = new ProcessStartInfo("dotnet", [Repository.Host, script]) { WorkingDirectory = _folder, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Run("kill", ["-INT", $"{process.Id}"], _folder);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, process.ExitCode);
    }

    [Theory]
    [InlineData("13.7.1")]
    [InlineData("18.1.0")]
    public void The_module_works_beside_another_YamlDotNet_and_leaves_it_alone(string version)
    {
        string other = Path.Combine(Repository.Packages, "yamldotnet", version, "lib", version == "13.7.1" ? "net7.0" : "net8.0", "YamlDotNet.dll");
        Assert.SkipUnless(File.Exists(other), $"YamlDotNet {version} was not restored");
        string script =
            """
            Remove-Module Anovos.Mlflow
            $other = [System.Reflection.Assembly]::LoadFrom($args[0])
            Import-Module $args[1]
            (Import-AnovosConfig $args[2]).Tracking.Experiment
            $loaded = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'YamlDotNet' }
            "copies: $(@($loaded).Count)"
            $type = $other.GetType('YamlDotNet.Serialization.DeserializerBuilder')
            $deserializer = [Activator]::CreateInstance($type).Build()
            "other: " + $deserializer.Deserialize('[1, 2]').Count + ' ' + $type.Assembly.GetName().Version
            """;
        (int exitCode, string output, string error) = RunHost(script, other, Repository.StagedModule, Path.Combine(Repository.Root, "samples", "customers", "config.yaml"));
        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.Contains("Customers", output);
        Assert.Contains("copies: 2", output);
        Assert.Contains("other: 2 " + version.Split('.')[0] + ".0.0.0", output);
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    internal static (int ExitCode, string Output, string Error) Run(string program, string[] arguments, string folder, params string[] keep)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string variable in start.Environment.Keys.Where(key => key.StartsWith("MLFLOW_", StringComparison.Ordinal) && !keep.Contains(key)).ToArray())
            start.Environment.Remove(variable);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }

    internal static string[] Lines(string output) =>
        output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    private ProcessStartInfo AtHome(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (string variable in (string[])["POWERSHELL_UPDATECHECK", "POWERSHELL_TELEMETRY_OPTOUT", "XDG_CONFIG_HOME", "NO_COLOR"])
            start.Environment.Remove(variable);
        start.Environment["HOME"] = Path.Combine(_folder, "home");
        start.Environment["TERM"] = "xterm";
        return start;
    }

    private string RunAtHome(string input, params string[] arguments)
    {
        using Process process = Process.Start(AtHome(Repository.HostProgram, Repository.HostArguments(arguments)))!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    private Terminal InTerminal(string script = "", string? noColor = null)
    {
        string? program = OperatingSystem.IsLinux() ? CleanProcess.Find("script") : null;
        Assert.SkipWhen(program is null, "there is no command 'script' of util-linux, which gives a program a terminal");
        ProcessStartInfo start = AtHome(program, "-qec", $"dotnet '{Repository.Host}' {script}", "/dev/null");
        start.Environment["NO_COLOR"] = noColor;
        return new Terminal(start);
    }

    private (int ExitCode, string Output, string Error) RunHost(string script, params string[] arguments)
    {
        string path = Path.Combine(_folder, "script.ps1");
        File.WriteAllText(path, script);
        return RunHostWith([path, .. arguments]);
    }

    private (int ExitCode, string Output, string Error) RunHostWith(params string[] arguments) =>
        CleanProcess.Run(Repository.HostProgram, Repository.HostArguments(arguments), _folder, CleanEnvironment.Variables);
}
