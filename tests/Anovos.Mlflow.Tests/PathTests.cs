using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the spellings that people use for a store: each is understood, or an error names the problem.</summary>
public sealed class PathTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Theory]
    [InlineData("~/{0}/runs", "home")]
    [InlineData("Data:/runs", "data")]
    [InlineData("data:\\runs", "data")]
    [InlineData("Microsoft.PowerShell.Core\\FileSystem::{1}/runs", "data")]
    [InlineData("./a:b/runs", "a:b")]
    [InlineData("file:plain/runs", "plain")]
    [InlineData(".\\plain\\runs", "plain")]
    public void A_store_is_where_its_location_says(string form, string place)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the names are those of Unix");
        string name = $"anovos-mlflow-{Guid.NewGuid():N}";
        string home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), name);
        string data = Path.Combine(_session.Folder, "data");
        string uri = form.Replace("{0}", name).Replace("{1}", data);
        Directory.CreateDirectory(data);
        try
        {
            ScriptResult result = _session.Run(
                """
                $state = $ExecutionContext.SessionState
                $drive = [System.Management.Automation.PSDriveInfo]::new('Data', $state.Provider.GetOne('FileSystem'), $Root, '', $null)
                $null = $state.Drive.New($drive, 'Global')
                $run = Start-MlflowRun -TrackingUri $Uri
                [IO.File]::WriteAllText("$PWD/x.txt", 'x')
                Send-MlflowArtifact x.txt | Out-Null
                Stop-MlflowRun | Out-Null
                @(Get-MlflowRun -TrackingUri $Uri).Count
                $env:MLFLOW_TRACKING_URI = $Uri
                @(Get-MlflowRun).Count
                foreach ($line in "-TrackingUri '$Uri' -Experiment Def", '-Experiment Def', "-TrackingUri '$Uri' -RunId ") {
                    $line = "Get-MlflowRun $line"
                    $found = [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null)
                    $found.CompletionMatches.CompletionText -replace $run.RunId, 'its id'
                }
                (Get-MlflowArtifact -RunId $run.RunId).ArtifactPath
                $env:MLFLOW_TRACKING_URI = $null
                """,
                ("Uri", uri),
                ("Root", data));
            Assert.Empty(result.Warnings);
            Assert.Equal(["1", "1", "'Default'", "'Default'", "its id", "x.txt"], result.Clean().Texts);
            string folder = place == "home" ? home : Path.Combine(_session.Folder, place);
            Assert.True(Directory.Exists(Path.Combine(folder, "runs", "0")));
            Assert.Equal(
                new[] { "data", "x.txt" }.Concat(place is "a:b" or "plain" ? [place] : []).Order(StringComparer.Ordinal),
                Directory.EnumerateFileSystemEntries(_session.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
        finally
        {
            if (Directory.Exists(home))
                Directory.Delete(home, recursive: true);
        }
    }

    [Fact]
    public async Task A_store_that_the_module_made_below_a_colon_is_sent()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a name has no colon there");
        await using TrackingServer server = await TrackingServer.StartAsync();
        ScriptResult result = _session.Run(
            """
            $null = [IO.Directory]::CreateDirectory("$PWD/a:b")
            $null = $ExecutionContext.SessionState.Path.SetLocation('./a:b')
            $null = Start-MlflowRun -Offline -OfflinePath ./of:f -TrackingUri $Uri -WarningAction SilentlyContinue
            [IO.File]::WriteAllText("$PWD/x.txt", 'x')
            Send-MlflowArtifact x.txt | Out-Null
            Stop-MlflowRun | Out-Null
            @(Get-MlflowRun -TrackingUri of:f).Count
            (Sync-MlflowRun of:f -TrackingUri $Uri).Error
            (Get-MlflowArtifact -RunId (Get-MlflowRun -TrackingUri $Uri).RunId -TrackingUri $Uri).ArtifactPath
            """,
            ("Uri", server.Uri.ToString()));
        Assert.Equal(["1", "", "x.txt"], result.Clean().Texts);
    }

    [Fact]
    public async Task Host_and_port_are_http_with_one_warning()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        string address = $"localhost:{server.Uri.Port}";
        ScriptResult result = _session.Run(
            """
            (Connect-Mlflow $Address).TrackingUri
            Disconnect-Mlflow
            (Get-MlflowExperiment -TrackingUri "$Address/api/2.0/mlflow").Name
            (Test-MlflowConnection "http://$Address/api/2.0/mlflow").Usable
            $env:MLFLOW_TRACKING_URI = $Address
            (Get-MlflowExperiment).Name
            $env:MLFLOW_TRACKING_URI = $null
            """,
            ("Address", address));
        Assert.Equal([$"http://{address}", "Default", "True", "Default"], result.Clean().Texts);
        Assert.Equal(2, result.Warnings.Length);
        Assert.All(result.Warnings, warning => Assert.Contains($"is read as http://{address}", warning));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_session.Folder));
    }

    [Theory]
    [InlineData("mlflow.example.com", "https://mlflow.example.com for a server, or ./mlflow.example.com for a folder")]
    [InlineData("localhost", "./localhost")]
    [InlineData("Env:/runs", "not a file system folder")]
    [InlineData("NoSuch::/runs", "not a file system folder")]
    [InlineData("C:/mlruns", "is a Windows path")]
    [InlineData("odd:name", "./ before it")]
    public void What_is_odd_is_said_and_nothing_is_made(string uri, string said)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the names are those of Unix");
        foreach (string command in new[] { "Start-MlflowRun -TrackingUri $Uri", "Connect-Mlflow $Uri", "New-MlflowExperiment e -TrackingUri $Uri" })
        {
            ScriptResult result = _session.Run($"try {{ {command} }} catch {{ \"$_\" }}", ("Uri", uri));
            Assert.Contains(said, Assert.Single(result.Errors.Select(error => error.ToString()).Concat(result.Texts)));
        }

        Assert.Equal(["False"], _session.Run("(Test-MlflowConnection $Uri).Usable", ("Uri", uri)).Texts);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_session.Folder));
    }

    [Theory]
    [InlineData("file:relative")]
    [InlineData("relative")]
    [InlineData("~/relative")]
    [InlineData("C:/relative")]
    public async Task A_relative_artifact_location_is_an_error_for_every_store(string location)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the names are those of Unix");
        await using TrackingServer server = await TrackingServer.StartAsync();
        foreach (string store in new[] { "./store", server.Uri.ToString() })
        {
            ScriptResult result = _session.Run(
                "try { New-MlflowExperiment e -ArtifactLocation $Location -TrackingUri $Uri } catch { \"$_\" }; @(Get-MlflowExperiment e -TrackingUri $Uri -ErrorAction Ignore).Count",
                ("Location", location),
                ("Uri", store));
            Assert.Contains("is relative", Assert.Single(result.Errors.Select(error => error.ToString()).Concat(result.Texts.SkipLast(1))));
            Assert.Equal("0", result.Texts[^1]);
        }
    }

    [Fact]
    public void An_artifact_location_may_be_on_a_drive_of_PowerShell()
    {
        ScriptResult result = _session.Run(
            """
            $null = [IO.Directory]::CreateDirectory("$PWD/data")
            $state = $ExecutionContext.SessionState
            $drive = [System.Management.Automation.PSDriveInfo]::new('Data', $state.Provider.GetOne('FileSystem'), "$PWD/data", '', $null)
            $null = $state.Drive.New($drive, 'Global')
            (New-MlflowExperiment e -ArtifactLocation Data:/artifacts -TrackingUri ./store).ArtifactLocation
            """);
        Assert.Equal([Path.Combine(_session.Folder, "data", "artifacts")], result.Clean().Texts);
    }

    public void Dispose() => _session.Dispose();
}
