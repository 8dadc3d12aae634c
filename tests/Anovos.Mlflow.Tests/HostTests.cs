using System.Diagnostics;

namespace Anovos.Mlflow.Tests;

/// <summary>The host as a process: what it prints where, and its exit code.</summary>
[Collection(nameof(HostTests))]
public class HostTests : IDisposable
{
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
        (int exitCode, _, string error) = RunDotnet(Repository.Host, "missing.ps1");
        Assert.Equal(64, exitCode);
        Assert.Contains("missing.ps1", error);
    }

    [Fact]
    public void The_quickstart_tracks_the_sample_workflow_into_mlruns()
    {
        string script = Path.Combine(Repository.Root, "samples", "quickstart.ps1");
        (int exitCode, string output, string error) = RunDotnet(Repository.Host, script);
        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.Contains("quickstart", output);
        Assert.Contains("Finished", output);
        Assert.Contains("final_dataset/_SUCCESS", output);
        Assert.Contains("data_transformer/transformers/attribute_binning", output);
        Assert.DoesNotContain("data_ingest", output);
        Assert.DoesNotContain(".crc", output);
        Assert.True(Directory.Exists(Path.Combine(_folder, "mlruns")));
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

    private (int ExitCode, string Output, string Error) RunHost(string script, params string[] arguments)
    {
        string path = Path.Combine(_folder, "script.ps1");
        File.WriteAllText(path, script);
        return RunDotnet([Repository.Host, path, .. arguments]);
    }

    private (int ExitCode, string Output, string Error) RunDotnet(params string[] arguments) =>
        CleanProcess.Run(CleanProcess.Find("dotnet")!, arguments, _folder, CleanEnvironment.Variables);
}
