using System.Management.Automation;
using System.Text.RegularExpressions;
using Anovos.Mlflow.TestServer;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests <c>Connect-Mlflow -Interactive</c> as a user types it.</summary>
public sealed class BrowserSignInTests : IAsyncLifetime
{
    private static readonly string[] Names =
    [
        "DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_CONFIG_FILE",
        "DATABRICKS_CONFIG_PROFILE", "DATABRICKS_AUTH_TYPE", "DATABRICKS_RUNTIME_VERSION", "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
        "TF_BUILD", "GITHUB_ACTIONS", "CI", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "PATH",
    ];

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private TrackingServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = new() { Decision = "allow" } });
        foreach (string name in Names.Except(["PATH"]))
            Environment.SetEnvironmentVariable(name, null);
        Environment.SetEnvironmentVariable("DATABRICKS_HOST", _server.Uri.ToString());
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_browser_the_address_is_shown_and_works_wherever_it_is_opened()
    {
        SkipWithoutXdgOpen();
        Environment.SetEnvironmentVariable("SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22");
        using PowerShellPipeline pipeline = _session.Create(
            """
            $VerbosePreference = $DebugPreference = 'Continue'
            Connect-Mlflow databricks -Interactive | ForEach-Object {
                "$($_.Authentication) $($_.CredentialSource)"
                $_.PSObject.Properties | ForEach-Object { "$($_.Name)=$($_.Value)" }
                "$_"
            }
            $null = Start-MlflowRun -Experiment /Shared/x
            Write-MlflowMetric rmse 0.5
            Stop-MlflowRun | ForEach-Object Status
            (Test-MlflowConnection).PSObject.Properties | ForEach-Object { "$($_.Name)=$($_.Value)" }
            [Environment]::GetEnvironmentVariables().GetEnumerator() | ForEach-Object { "$($_.Key)=$($_.Value)" }
            """);
        (string[] output, string shown) = await FollowAsync(pipeline);
        Assert.Equal("external-browser -Interactive", output[0]);
        Assert.Contains("Finished", output);
        Assert.Equal("FINISHED", Assert.Single(_server.Runs).Status);
        Assert.Contains("No browser is available. Sign in at this address: ", shown);
        Assert.Matches(@"ssh -L (80[234]\d):localhost:\1", shown);
        AssertNoSecret(string.Join('\n', output) + Streams(pipeline));
        string[] files = Directory.GetFiles(_session.Folder, "*", SearchOption.AllDirectories);
        Assert.All(files, file => AssertNoSecret(File.ReadAllText(file)));
    }

    [Fact]
    public void A_browser_is_opened_and_signs_in()
    {
        SkipWithoutXdgOpen();
        string chromium = CleanProcess.Find("chromium") ?? Environment.GetEnvironmentVariable("ANOVOS_TEST_CHROMIUM") ?? "";
        Assert.SkipWhen(chromium.Length == 0, "there is no chromium on the PATH or in ANOVOS_TEST_CHROMIUM");
        string opener = _session.Write("bin/xdg-open", $"""
            #!/bin/sh
            '{chromium}' --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
                --user-data-dir='{_session.Folder}/profile' --dump-dom "$1" > '{_session.Folder}/page.html' 2> /dev/null
            : > '{_session.Folder}/ended'
            """);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(opener, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        Environment.SetEnvironmentVariable("PATH", $"{Path.GetDirectoryName(opener)}:{Environment.GetEnvironmentVariable("PATH")}");
        Environment.SetEnvironmentVariable("DISPLAY", ":0");
        _session.Write("databrickscfg", $"[prod]\nhost = {_server.Uri}\n");
        Environment.SetEnvironmentVariable("DATABRICKS_HOST", null);
        Environment.SetEnvironmentVariable("DATABRICKS_CONFIG_FILE", Path.Combine(_session.Folder, "databrickscfg"));

        ScriptResult result = _session.Run(
            """
            $InformationPreference = 'SilentlyContinue'
            (Connect-Mlflow -Profile prod -Interactive).TrackingUri
            (Get-MlflowExperiment -TrackingUri databricks://prod).Name
            while (![IO.File]::Exists($Ended)) { [Threading.Thread]::Sleep(50) }
            """,
            ("Ended", Path.Combine(_session.Folder, "ended"))).Clean();
        Assert.Equal(["databricks://prod", "Default"], result.Texts);
        Assert.Contains("<h1>Signed in</h1>", File.ReadAllText(Path.Combine(_session.Folder, "page.html")));
        string shown = $"{result.Streams.Information[0].MessageData}";
        Assert.StartsWith("Sign in with the browser. If it did not open", shown, StringComparison.Ordinal);
        AssertNoSecret(string.Join('\n', result.Texts) + string.Join('\n', result.Streams.Information));
    }

    [Fact]
    public async Task A_user_who_is_refused_gets_an_error_and_keeps_the_connection_from_before()
    {
        SkipWithoutXdgOpen();
        await _server.DisposeAsync();
        _server = await TrackingServer.StartAsync(new() { Workspace = new() { Decision = "deny" } });
        Environment.SetEnvironmentVariable("DATABRICKS_HOST", _server.Uri.ToString());
        using PowerShellPipeline pipeline = _session.Create(
            """
            $null = Connect-Mlflow ./store
            try { Connect-Mlflow databricks -Interactive } catch { $_.FullyQualifiedErrorId; $_.Exception.Message }
            (Get-MlflowConnection).TrackingUri
            """);
        (string[] output, _) = await FollowAsync(pipeline);
        Assert.StartsWith("AuthenticationFailed,", output[0], StringComparison.Ordinal);
        Assert.Equal("127.0.0.1 did not sign you in (access_denied): The user denied the request.", output[1]);
        Assert.EndsWith("/store", output[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_it_ends_the_wait()
    {
        SkipWithoutXdgOpen();
        using PowerShellPipeline pipeline = _session.Create("Connect-Mlflow databricks -Interactive");
        IAsyncResult running = Begin(pipeline, out Task<string> shown);
        string page = await shown;
        await Task.Run(pipeline.Stop, TestContext.Current.CancellationToken);
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
        using var client = new HttpClient();
        string port = Regex.Match(page, "localhost%3A(\\d+)").Groups[1].Value;
        var callback = new Uri($"http://127.0.0.1:{port}/");
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(callback, TestContext.Current.CancellationToken));
        Assert.Empty(_server.Workspace!.IssuedTokens);
    }

    [Theory]
    [InlineData("TF_BUILD", "azure-devops-oidc")]
    [InlineData("GITHUB_ACTIONS", "github-oidc")]
    [InlineData("CI", "oauth-m2m")]
    [InlineData("DATABRICKS_RUNTIME_VERSION", "oauth-m2m")]
    public void In_a_pipeline_and_on_a_cluster_it_refuses_and_names_another_way(string variable, string instead)
    {
        Environment.SetEnvironmentVariable(variable, "true");
        ErrorRecord error = Assert.Single(_session.Run("Connect-Mlflow databricks -Interactive").Errors);
        Assert.StartsWith("AuthenticationFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(instead, error.Exception.Message);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void A_PowerShell_that_is_not_interactive_refuses()
    {
        string script = _session.Write("connect.ps1", $"""
            Import-Module '{Path.Combine(Repository.StagedModule, "Anovos.Mlflow.psd1")}'
            Connect-Mlflow databricks -Interactive
            """);
        (_, string output, string error) = CleanProcess.Run(Repository.Pwsh, ["-NoProfile", "-NonI", "-File", script], _session.Folder,
            [.. CleanEnvironment.Variables, ("DATABRICKS_HOST", _server.Uri.ToString()), ("NO_COLOR", "1")]);
        Assert.Contains("This PowerShell is not interactive, so nobody can sign in", output + error);
        Assert.Empty(_server.Requests);
    }

    // On other systems, the system itself opens the browser.
    private static void SkipWithoutXdgOpen() =>
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere the real browser of the user would open");

    private static string Address(string shown) => Regex.Match(shown, @"https?://\S+/oidc/v1/authorize\?\S+").Value;

    private static IAsyncResult Begin(PowerShellPipeline pipeline, out Task<string> shown)
    {
        var page = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        pipeline.Streams.Information.DataAdded += (records, added) =>
            page.TrySetResult($"{((PSDataCollection<InformationRecord>)records!)[added.Index].MessageData}");
        shown = page.Task.WaitAsync(TestContext.Current.CancellationToken);
        return pipeline.BeginInvoke();
    }

    // Like a browser into which a user pastes the address.
    private static async Task<(string[] Output, string Shown)> FollowAsync(PowerShellPipeline pipeline)
    {
        IAsyncResult running = Begin(pipeline, out Task<string> page);
        string shown = await page;
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri(Address(shown)), TestContext.Current.CancellationToken);
        PSDataCollection<PSObject> output = await Task.Run(() => pipeline.EndInvoke(running), TestContext.Current.CancellationToken);
        Assert.Empty(pipeline.Streams.Error);
        return ([.. output.Select(item => $"{item}")], shown);
    }

    private static string Streams(PowerShellPipeline pipeline) => string.Join('\n',
    [
        .. pipeline.Streams.Verbose.Select(record => record.Message), .. pipeline.Streams.Debug.Select(record => record.Message),
        .. pipeline.Streams.Warning.Select(record => record.Message),
        .. pipeline.Streams.Error.Select(record => $"{record} {record.Exception}"),
        .. pipeline.Streams.Information.Select(record => $"{record} {record.MessageData}"),
        .. pipeline.Streams.Progress.Select(record => $"{record.Activity} {record.StatusDescription}"),
    ]);

    private void AssertNoSecret(string text)
    {
        string[] verifiers =
        [
            .. _server.Requests.Where(request => request.Path == "/oidc/v1/token")
                .SelectMany(request => Regex.Matches(request.BodyText, "(?<=code_verifier=)[^&]+")).Select(match => match.Value),
        ];
        string[] secrets = [.. _server.Workspace!.BrowserSecrets, .. _server.Workspace.IssuedTokens, .. verifiers];
        Assert.InRange(secrets.Length, 4, int.MaxValue);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, text));
    }
}
