using System.Diagnostics;
using System.Management.Automation;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests that no file name and no text from a server controls a terminal or a build, on any stream.</summary>
public sealed class HostileTextTests : IDisposable
{
    private const string Evil = "x\u001b[31m\u0007\b\u202E\n##vso[task.setvariable variable=a]b\n##[error]c\n::error::d";

    private readonly ScriptSession _session = new();

    [Fact]
    public void A_files_name_comes_out_of_no_stream_as_a_command()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows takes no such names");
        string name = Evil.Replace('/', '-');
        _session.Write("folder/" + name, "1");
        ScriptResult result = _session.Run(
            """
            $VerbosePreference = 'Continue'
            Start-MlflowRun -TrackingUri ./mlruns -Name $Name | Out-Null
            $rows = Send-MlflowArtifact folder
            Send-MlflowArtifact "folder/$Name" -ArtifactPath "..$Name"
            Send-MlflowArtifact -LiteralPath "none $Name"
            [IO.File]::CreateSymbolicLink("$PWD/folder/link$Name", '/nowhere') | Out-Null
            Send-MlflowArtifact folder -ArtifactPath again | Out-Null
            Send-MlflowArtifact "folder/link$Name"
            Write-MlflowParameter -Name $Name -Value 1
            Get-MlflowExperiment $Name
            Import-AnovosConfig -LiteralPath "folder/$Name"
            Get-MlflowArtifact "none $Name"
            Send-MlflowArtifact folder -WhatIf
            $rows.ArtifactPath
            (Get-MlflowRun).RunName
            Stop-MlflowRun | Out-Null
            """,
            ("Name", name));

        // Objects keep the original text; text for people is made harmless.
        Assert.Equal(["folder/" + name, name], result.Texts[^2..]);
        Assert.True(result.Errors.Length >= 6, string.Join("\n", result.Errors.Select(error => error.ToString())));
        Assert.NotEmpty(result.Warnings);
        AssertHarmless(result);
    }

    [Fact]
    public async Task A_servers_words_come_out_of_no_stream_as_a_command()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        string said = System.Text.Json.JsonSerializer.Serialize(new { error_code = "INVALID_PARAMETER_VALUE", message = Evil });
        server.Faults.Add("*", "*get-by-name", Faults.Answer(503, Evil, "text/plain", ("Retry-After", "0")), times: 4);
        server.Faults.Add("*", "*experiments/create", Faults.Answer(400, said, headers: ("x-request-id", "1##vso[a]")));
        ScriptResult result = _session.Run(
            """
            $VerbosePreference = 'Continue'
            Get-MlflowExperiment x -TrackingUri $Uri
            New-MlflowExperiment x -TrackingUri $Uri
            New-MlflowExperiment $Name -TrackingUri $Uri
            Start-MlflowRun -Experiment $Name -Name $Name -TrackingUri $Uri -Tag @{ a = $Name }
            Get-MlflowExperiment -TrackingUri $Uri
            Stop-MlflowRun
            """,
            ("Uri", server.Uri.ToString()), ("Name", Evil));
        Assert.NotEmpty(result.Errors);
        Assert.Contains(result.Warnings, warning => warning.Contains("Trying again"));
        Assert.Contains(result.Verbose, verbose => verbose.Contains("Trying again"));
        AssertHarmless(result);
    }

    [Fact]
    public void A_table_shows_no_name_as_a_command()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows takes no such names");
        _session.Write("folder/" + Evil, "1");

        // Each in its own table: after another type of object, PowerShell would list an object with all properties in their original form.
        string script = _session.Write("script.ps1",
            """
            param($Name)
            Start-MlflowRun -TrackingUri ./mlruns -Experiment $Name -Name $Name | Out-String -Width 120
            Send-MlflowArtifact folder | Out-String -Width 120
            Get-MlflowArtifact folder | Out-String -Width 120
            Get-MlflowRun | Out-String -Width 120
            Get-MlflowExperiment | Out-String -Width 120
            Get-MlflowConnection | Out-String -Width 120
            Test-AnovosConfig -LiteralPath "folder/$Name" | Out-String -Width 120
            Stop-MlflowRun | Out-String -Width 120
            Get-MlflowArtifact "none $Name"
            """);
        (_, string output, string error) = HostTests.Run(Repository.HostProgram, Repository.HostArguments(script, Evil), _session.Folder);
        Assert.True(output.Split("# #vso[").Length > 5, output);
        foreach (string text in new[] { output, error })
        {
            // A table contains PowerShell's own colors and line ends.
            Assert.DoesNotContain("x\u001b[31m", text);
            Assert.DoesNotContain(text, c => c is '\u0007' or '\b' or '\u202E');
            AssertNoCommand(text);
        }
    }

    [Fact]
    public void A_named_pipe_is_warned_of_and_nothing_waits_for_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such files");
        _session.Write("folder/a.txt", "1");
        using (Process mkfifo = Process.Start("mkfifo", Path.Combine(_session.Folder, "folder", "pipe")))
            mkfifo.WaitForExit();
        ScriptResult result = _session.Run(
            """
            Start-MlflowRun -TrackingUri ./mlruns | Out-Null
            Send-MlflowArtifact folder | ForEach-Object ArtifactPath
            Send-MlflowArtifact folder/pipe | ForEach-Object Status
            Stop-MlflowRun | Out-Null
            """);
        Assert.Equal(["folder/a.txt", "Failed"], result.Texts);
        Assert.Contains("is a named pipe", Assert.Single(result.Warnings));
        Assert.Contains("is a named pipe", Assert.Single(result.Errors).ToString());
    }

    public void Dispose() => _session.Dispose();

    private static void AssertHarmless(ScriptResult result)
    {
        foreach (string text in result.Warnings.Concat(result.Verbose)
            .Concat(result.Errors.SelectMany(error => new[] { error.ToString(), error.CategoryInfo.ToString() }))
            .Concat(result.Streams.Progress.SelectMany(progress => new[] { progress.Activity, progress.StatusDescription, progress.CurrentOperation ?? "" })))
        {
            Assert.False(text.Any(char.IsControl), text);
            AssertNoCommand(text);
        }
    }

    private static void AssertNoCommand(string text)
    {
        Assert.DoesNotContain("##vso[", text);
        Assert.DoesNotContain("##[", text);
        Assert.DoesNotContain(text.Split('\n'), line => line.TrimStart().StartsWith("::", StringComparison.Ordinal));
    }
}
