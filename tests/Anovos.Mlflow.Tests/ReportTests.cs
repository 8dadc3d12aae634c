using System.Management.Automation;
using System.Text.RegularExpressions;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the pages of runs in a browser, and the report on several runs.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _environment = new[] { "PATH", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER" }.ToDictionary(name => name, Environment.GetEnvironmentVariable);

    [Fact]
    public async Task The_page_of_a_run_is_opened_by_the_desktops_own_program_with_nothing_in_between()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "xdg-open is Linux's");
        await using TrackingServer server = await TrackingServer.StartAsync();
        Desktop("#!/bin/sh\nprintf '%s|' \"$#\" \"$@\" >> \"$(dirname \"$0\")/opened\"\n");
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            Use-MlflowRun -Name '$(touch x); "&' { } | Out-Null
            $run = Get-MlflowRun -First 1
            $run | Show-MlflowRun
            Show-MlflowRun -RunId $run.RunId -WhatIf
            Show-MlflowRun -Run $run -PassThru | ForEach-Object AbsoluteUri
            """,
            ("Uri", server.Uri.ToString())).Clean();
        string page = Assert.Single(result.Texts);
        string address = Regex.Escape(server.Uri.ToString().TrimEnd('/'));
        Assert.Matches($"^{address}/#/experiments/0/runs/[0-9a-f]{{32}}\\?workflowType=machine_learning$", page);
        Assert.Equal($"1|{page}|1|{page}|", File.ReadAllText(Path.Combine(_session.Folder, "bin", "opened")));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("yes", "#!/bin/sh\nexit 3\n")]
    public async Task Without_a_browser_the_address_is_said(string display, string opener)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere there is always a browser");
        await using TrackingServer server = await TrackingServer.StartAsync();
        Desktop(opener, display);
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun -TrackingUri $Uri
            Show-MlflowRun
            (Show-MlflowRun -PassThru).AbsoluteUri
            """,
            ("Uri", $"http://ada:secret@{server.Uri.Authority}")).Clean();
        string page = Assert.Single(result.Texts);
        Assert.Contains($"The page of the run: {page}", Assert.Single(result.Streams.Information).ToString());
        Assert.DoesNotContain("secret", page);
    }

    [Fact]
    public void A_folder_has_no_page_and_says_what_has()
    {
        ErrorRecord error = Assert.Single(_session.Run("$null = Start-MlflowRun -TrackingUri ./store; Show-MlflowRun").Errors);
        Assert.Equal("NotSupported,Anovos.Mlflow.PowerShell.Commands.ShowMlflowRunCommand", error.FullyQualifiedErrorId);
        Assert.Contains("mlflow ui --backend-store-uri", error.Exception.Message);
        Assert.Contains("Export-MlflowReport", error.Exception.Message);
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task A_report_is_one_file_on_the_runs_that_are_piped_named_or_active(string where)
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Write("in/report.html", "<p>hello</p>");
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            foreach ($i in 1..2) {
                $null = Start-MlflowRun -Name "night-$i"
                Write-MlflowParameter lr $i
                1..3 | ForEach-Object { [pscustomobject]@{ Name = 'loss'; Value = $_ * $i; Step = $_ } } | Write-MlflowMetric
                Send-MlflowArtifact in -ContentOnly | Out-Null
                if ($i -eq 2) { (Export-MlflowReport active.html).Name }
                $null = Stop-MlflowRun
            }
            $runs = Get-MlflowRun
            ($runs | Export-MlflowReport piped.html -Title 'Both <runs>').FullName
            (Export-MlflowReport named.html -RunId $runs[0].RunId, $runs[1].RunId -MetricName l*).Name
            ($runs[0].RunId | Export-MlflowReport one.html).Name
            $runs | Export-MlflowReport none.html -WhatIf
            """,
            ("Uri", _session.StoreUri(where, server.Uri))).Clean();
        string piped = Path.Combine(_session.Folder, "piped.html");
        Assert.Equal(["active.html", piped, "named.html", "one.html"], result.Texts);
        string text = File.ReadAllText(piped);
        Assert.Contains("night-1", text);
        Assert.Contains("night-2", text);
        Assert.Contains("\"title\":\"Both \\u003Cruns\\u003E\"", text);
        Assert.Contains("\"copy\":", text);
        Assert.True(text.IndexOf("night-1", StringComparison.Ordinal) < text.IndexOf("night-2", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(_session.Folder, "none.html")));
    }

    [Fact]
    public void A_file_that_is_there_is_kept_written_over_or_not_as_with_other_exports()
    {
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun -TrackingUri ./store
            (Export-MlflowReport r.html).Name
            (Export-MlflowReport r.html).Name
            Export-MlflowReport r.html -NoClobber
            [System.IO.File]::SetAttributes("$PWD/r.html", 'ReadOnly')
            Export-MlflowReport r.html
            (Export-MlflowReport r.html -Force).Name
            Export-MlflowReport new.html -RunId 0000
            """);
        Assert.Equal(["r.html", "r.html", "r.html"], result.Texts);
        Assert.Equal(["InvalidValue", "InvalidValue", "RunNotFound", "InvalidValue"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.False(File.Exists(Path.Combine(_session.Folder, "new.html")));
    }

    [Fact]
    public void Without_any_run_it_says_how_to_name_one()
    {
        ScriptResult result = _session.Run("Export-MlflowReport r.html");
        Assert.StartsWith("NoActiveRun", Assert.Single(result.Errors).FullyQualifiedErrorId);
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public void Runs_that_MLflow_wrote_make_a_report(string version)
    {
        string store = Repository.Shared($"mlflow/mlruns/{version}");
        ScriptResult result = _session.Run("Get-MlflowRun -TrackingUri $Store -Experiment Anovos | Export-MlflowReport r.html", ("Store", store)).Clean();
        string text = File.ReadAllText(((FileInfo)Assert.Single(result.Output).BaseObject).FullName);
        Assert.Contains("\"NaN\"", text);
        Assert.Contains("\"Infinity\"", text);
    }

    public void Dispose()
    {
        foreach ((string name, string? value) in _environment)
            Environment.SetEnvironmentVariable(name, value);
        _session.Dispose();
    }

    // A desktop with a script as its program for opening addresses; if the script is empty, without such a program.
    private void Desktop(string opener, string display = ":0")
    {
        string folder = Path.Combine(_session.Folder, "bin"), program = Path.Combine(folder, "xdg-open");
        _session.Write("bin/xdg-open", opener);
        if (opener.Length == 0)
            File.Delete(program);
        else if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", opener.Length == 0 ? folder : $"{folder}:{_environment["PATH"]}");
        Environment.SetEnvironmentVariable("DISPLAY", display);
        Environment.SetEnvironmentVariable("WAYLAND_DISPLAY", null);
        Environment.SetEnvironmentVariable("BROWSER", null);
    }
}
