using System.Management.Automation;
using System.Text;
using Anovos.Mlflow.TestServer;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests signing in to a workspace with the machine's credentials, as a user types it. No stream shows a secret.</summary>
public sealed class DatabricksSignInTests : IAsyncLifetime
{
    private static readonly string[] Names =
    [
        "DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_CONFIG_FILE",
        "DATABRICKS_CONFIG_PROFILE", "DATABRICKS_AUTH_TYPE", "DATABRICKS_CLI_PATH", "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    ];

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private TrackingServer _server = null!;
    private TrackingServer _other = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = new() });
        _other = await TrackingServer.StartAsync(new()
        {
            Workspace = new()
            {
                PersonalToken = "dapi-keeper",
                Secrets = new Dictionary<string, string>
                {
                    ["mlflow/prod-host"] = $"{_server.Uri}",
                    ["mlflow/prod-token"] = "dapi-personal",
                },
            },
        });
        foreach (string name in Names)
            Environment.SetEnvironmentVariable(name, null);
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
        string profiles = $"[dev] # by databricks auth login\nhost = {_server.Uri}\nauth_type = databricks-cli\n";
        Environment.SetEnvironmentVariable("DATABRICKS_CONFIG_FILE", _session.Write("databrickscfg", profiles));
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        await _server.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Fact]
    public void The_login_of_the_Databricks_CLI_is_used_and_nothing_shows_its_token()
    {
        string token = _server.Workspace!.IssueToken("workspace");
        WriteCli($$"""printf '{"access_token": "{{token}}", "token_type": "Bearer", "expiry": "2099-01-01T00:00:00+02:00"}'""");
        Environment.SetEnvironmentVariable("DATABRICKS_TOKEN", "dapi-of-another");
        using PowerShellPipeline pipeline = _session.Create(
            """
            $VerbosePreference = $DebugPreference = 'Continue'
            Connect-Mlflow -Profile dev | ForEach-Object {
                "$($_.Authentication) $($_.WorkspaceUrl)"
                $_.PSObject.Properties | ForEach-Object { "$($_.Name)=$($_.Value)" }
            }
            $null = Start-MlflowRun -Experiment /Shared/x
            Stop-MlflowRun | ForEach-Object Status
            (Test-MlflowConnection).PSObject.Properties | ForEach-Object { "$($_.Name)=$($_.Value)" }
            Get-MlflowRun no-such-run
            """);
        string[] output = [.. pipeline.Invoke().Select(item => $"{item}")];
        Assert.Equal($"databricks-cli {_server.Uri.ToString().TrimEnd('/')}", output[0]);
        Assert.Contains("Finished", output);
        Assert.Contains("Identity=databricks-cli for 127.0.0.1", output);
        Assert.Single(pipeline.Streams.Error);
        string shown = string.Join('\n', output) + Streams(pipeline);
        Assert.DoesNotContain(token, shown);
        Assert.DoesNotContain("dapi-", shown);
        Assert.DoesNotContain(_server.Requests, request => request.Headers["Authorization"].Contains("dapi-"));
    }

    [Fact]
    public void A_login_that_has_ended_says_so_in_the_words_of_the_CLI()
    {
        WriteCli("echo 'Error: the refresh token is invalid. Run databricks auth login --profile dev' >&2; exit 1");
        ErrorRecord error = Assert.Single(_session.Run("Connect-Mlflow -Profile dev").Errors);
        Assert.StartsWith("AuthenticationFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("the refresh token is invalid. Run databricks auth login --profile dev.", error.Exception.Message);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void A_secret_scope_is_read_once_in_a_session_and_not_shown()
    {
        Environment.SetEnvironmentVariable("DATABRICKS_HOST", _other.Uri.ToString());
        Environment.SetEnvironmentVariable("DATABRICKS_TOKEN", "dapi-keeper");
        using PowerShellPipeline pipeline = _session.Create(
            """
            $VerbosePreference = $DebugPreference = 'Continue'
            $null = Start-MlflowRun -TrackingUri databricks://mlflow:prod -Experiment /Shared/x
            Write-MlflowMetric rmse 0.5
            Stop-MlflowRun | ForEach-Object Status
            Get-MlflowConnection -TrackingUri databricks://mlflow:prod | ForEach-Object { "$($_.WorkspaceUrl) $($_.CredentialSource)" }
            """);
        string[] output = [.. pipeline.Invoke().Select(item => $"{item}")];
        Assert.Equal(["Finished", $"{_server.Uri.ToString().TrimEnd('/')} secret scope mlflow"], output);
        Assert.Equal("FINISHED", Assert.Single(_server.Runs).Status);
        Assert.Equal(2, _other.Requests.Count);
        Assert.DoesNotContain("dapi-", string.Join('\n', output) + Streams(pipeline));
    }

    private static string Streams(PowerShellPipeline pipeline)
    {
        var text = new StringBuilder();
        foreach (object record in new IEnumerable<object>[]
        {
            pipeline.Streams.Verbose, pipeline.Streams.Debug, pipeline.Streams.Warning, pipeline.Streams.Information,
        }.SelectMany(records => records))
            text.AppendLine($"{record}");
        foreach (ErrorRecord record in pipeline.Streams.Error)
            text.AppendLine($"{record} {record.Exception} {record.ErrorDetails}");
        return text.ToString();
    }

    private void WriteCli(string token)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in of the program is a shell script");
        string path = _session.Write("databricks", $"#!/bin/sh\nif [ \"$1\" = version ]; then echo '{{}}'; exit; fi\n{token}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("DATABRICKS_CLI_PATH", path);
    }
}
