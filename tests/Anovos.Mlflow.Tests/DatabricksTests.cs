using System.Management.Automation;
using System.Net;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests a Databricks workspace as the store, as a user types it.</summary>
public sealed class DatabricksTests : IAsyncLifetime
{
    private const string Workflow =
        """
        input_dataset:
          read_dataset: { file_path: "in", file_type: csv }
        mlflow:
          experiment: /Shared/team/churn
          tracking_uri: databricks
          track_output: true
          track_reports: true
          track_intermediates: false
        """;

    private static readonly string[] Names =
    [
        "DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_CONFIG_FILE", "DATABRICKS_CONFIG_PROFILE",
        "DATABRICKS_AUTH_TYPE", "DATABRICKS_AZURE_RESOURCE_ID", "ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID", "AZURE_AUTHORITY_HOST",
        "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    ];

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private TrackingServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = new() });
        foreach (string name in Names)
            Environment.SetEnvironmentVariable(name, null);
        Set(("DATABRICKS_HOST", _server.Uri.ToString()), ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"));
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        await _server.DisposeAsync();
    }

    [Fact]
    public void The_registry_of_a_workspace_takes_a_folder_of_a_run_and_gives_it_back()
    {
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        _session.Write("model/MLmodel", "flavors: {spark: {code: null}}\n");
        _session.Write("model/parts/a.bin", "1234");
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow databricks | Out-Null
            $run = Start-MlflowRun -Experiment /Shared/team/models
            $null = Send-MlflowArtifact model models
            (New-MlflowModelVersion income models/model -Alias champion).Source -eq "$($run.ArtifactUri)/models/model"
            Receive-MlflowModel models:/income@champion | ForEach-Object { "$($_.Files) $($_.Flavors.Keys) $($_.Path)" }
            """).Clean();
        Assert.Equal(["True", $"2 spark {Path.Combine(_session.Folder, "income", "1")}"], result.Texts);

        // The session tracks to a folder here.
        string profiles = _session.Write("databrickscfg", $"[DEFAULT]\nhost = https://nowhere.example.com\n[prod]\nhost = {_server.Uri}\ntoken = dapi-personal\n");
        Set(("DATABRICKS_HOST", null), ("DATABRICKS_TOKEN", null), ("DATABRICKS_CONFIG_FILE", profiles));
        ScriptResult byProfile = _session.Run(
            """
            Stop-MlflowRun | Out-Null
            Connect-Mlflow ./store | Out-Null
            (Get-MlflowModelVersion -ModelUri models://prod@databricks/income/1, models://prod@databricks/income@champion).Version
            (Receive-MlflowModel models://prod@databricks/income/latest -Destination other).Files
            (Receive-MlflowModel "runs://prod@databricks/$($run.RunId)/models/model" -Destination run).Files
            (New-MlflowModelVersion again -ModelUri "models://prod@databricks/income/1").Version
            Set-MlflowModelAlias again new 1 -TrackingUri databricks://prod
            (Receive-MlflowModel models:///income/1 -TrackingUri databricks://prod -Destination third).Files
            """).Clean();
        Assert.Equal(["1", "1", "2", "2", "1", "2"], byProfile.Texts);
    }

    [Fact]
    public void A_script_goes_on_with_a_new_token_when_the_old_one_expires()
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "dose-secret"));
        Fault expired = Faults.Answer(403, """{"error_code": 403, "message": "JWT has expired"}""");
        _server.Faults.Add("POST", "*/runs/log-batch", expired);
        _server.Faults.Add("POST", "*/runs/update", expired);
        _session.Run(
            """
            $null = Start-MlflowRun -TrackingUri databricks -Experiment /Shared/x
            Write-MlflowMetric rmse 0.5
            Write-MlflowParameter depth 7
            $null = Stop-MlflowRun
            """).Clean();

        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal((1, "7", "FINISHED"), (stored.Metrics.Count, stored.Params["depth"], stored.Status));
        Assert.Equal((0, 3), (_server.Faults.Pending, _server.Workspace!.IssuedTokens.Count));
    }

    [Fact]
    public void A_workflow_that_names_databricks_is_tracked_to_the_workspace()
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "dose-secret"));
        ScriptResult result = _session.Run(
            """
            $run = Import-AnovosConfig $Path | Start-MlflowRun
            $env:MLFLOW_TRACKING_URI
            Write-MlflowMetric -Metric @{ auc = 0.9; f1 = 0.8 }
            Stop-MlflowRun | ForEach-Object { "$($_.Status) $($_.Experiment) $($_.TrackingUri)" }
            """,
            ("Path", _session.Write("config.yaml", Workflow))).Clean();
        Assert.Equal(["databricks", "Finished /Shared/team/churn databricks"], result.Texts);
        StoredRun run = Assert.Single(_server.Runs);
        Assert.Equal(["auc", "f1"], run.Metrics.Select(metric => metric.Key).Order());
        Assert.Equal("FINISHED", run.Status);
        Assert.Contains("/Shared/team", _server.Workspace!.Folders);
        Assert.Single(_server.Workspace.IssuedTokens);
        Assert.All(_server.Requests, request => Assert.StartsWith("Anovos.Mlflow/", request.Headers["User-Agent"], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Start-MlflowRun -TrackingUri databricks -Experiment /Shared/new/churn -WhatIf")]
    [InlineData("New-MlflowExperiment /Shared/new/churn -TrackingUri databricks -WhatIf")]
    public void WhatIf_shows_the_folder_and_changes_nothing(string command)
    {
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        Assert.Empty(_session.Run(command).Clean().Output);
        Assert.All(_server.Requests, request => Assert.Equal("GET", request.Method));
        Assert.Contains(_server.Requests, request => request.Path.EndsWith("get-status?path=%2fShared%2fnew", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("/Shared/new", _server.Workspace!.Folders);

        Assert.Empty(_session.Run($"$ConfirmPreference = 'None'; {command.Replace(" -WhatIf", "")} | Out-Null").Clean().Errors);
        Assert.Contains("/Shared/new", _server.Workspace.Folders);
    }

    [Fact]
    public void A_profile_is_connected_to_and_completed()
    {
        Set(("DATABRICKS_HOST", null), ("DATABRICKS_CONFIG_FILE", _session.Write("databrickscfg", $"[DEFAULT]\nhost = https://nowhere.example.com\n[prod]\nhost = {_server.Uri}\ntoken = dapi-personal\n[it's]\n")));
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow -Profile prod | ForEach-Object { "$($_.TrackingUri) $($_.Authentication) $($_.WorkspaceUrl)" }
            (Get-MlflowConnection).TrackingUri
            (TabExpansion2 'Connect-Mlflow -Profile ').CompletionMatches.CompletionText
            """).Clean();
        Assert.Equal([$"databricks://prod pat {_server.Uri.ToString().TrimEnd('/')}", "databricks://prod", "'DEFAULT'", "'prod'", "'it''s'"], result.Texts);
    }

    [Fact]
    public void A_token_given_to_Connect_Mlflow_comes_before_the_environment()
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "wrong"));
        ScriptResult result = _session.Run("Connect-Mlflow databricks -Token $Token | ForEach-Object Authentication; (Start-MlflowRun -TrackingUri databricks -Experiment /Shared/x).RunId | Out-Null; Stop-MlflowRun | ForEach-Object Status", ("Token", new NetworkCredential("", "dapi-personal").SecurePassword)).Clean();
        Assert.Equal(["pat", "Finished"], result.Texts);
    }

    [Fact]
    public void Without_an_experiment_the_advice_is_a_location()
    {
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        ErrorRecord error = Assert.Single(_session.Run("Start-MlflowRun -TrackingUri databricks").Errors);
        Assert.StartsWith("InvalidValue", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("/Users/you@example.com/Default", error.Exception.Message);
    }

    [Fact]
    public void The_report_says_how_it_signed_in_and_why_not_otherwise()
    {
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        PSObject report = _session.Run("Test-MlflowConnection -TrackingUri databricks").Clean().Single;
        Assert.Equal("True", report.Properties["Usable"].Value.ToString());
        Assert.Equal("pat from DATABRICKS_TOKEN for 127.0.0.1", report.Properties["Identity"].Value);
        Assert.Contains("oauth-m2m: DATABRICKS_CLIENT_ID (client_id), DATABRICKS_CLIENT_SECRET (client_secret) are not set", (IReadOnlyList<string>)report.Properties["IdentityNotUsed"].Value);

        Set(("DATABRICKS_TOKEN", null));
        PSObject none = _session.Run("Test-MlflowConnection -TrackingUri databricks").Clean().Single;
        Assert.Equal("AuthenticationFailed", none.Properties["Problem"].Value.ToString());
        Assert.Contains("pat: DATABRICKS_TOKEN (token) is not set", (string)none.Properties["Message"].Value);
    }

    [Theory]
    [InlineData("DATABRICKS_TOKEN=dapi-personal")]
    [InlineData("DATABRICKS_CLIENT_ID=principal;DATABRICKS_CLIENT_SECRET=dose-secret")]
    [InlineData("DATABRICKS_CLIENT_ID=principal;SYSTEM_OIDCREQUESTURI=pipeline/oidctoken;SYSTEM_ACCESSTOKEN=job-token")]
    [InlineData("ARM_CLIENT_ID=application-1;ARM_CLIENT_SECRET=entra-secret;ARM_TENANT_ID=tenant-1;DATABRICKS_AZURE_RESOURCE_ID=/subscriptions/s/r")]
    [InlineData("DATABRICKS_TOKEN=dapi-wrong-one")]
    [InlineData("DATABRICKS_CLIENT_ID=principal;DATABRICKS_CLIENT_SECRET=wrong-secret")]
    [InlineData("DATABRICKS_CLIENT_ID=principal;SYSTEM_OIDCREQUESTURI=pipeline/oidctoken;SYSTEM_ACCESSTOKEN=wrong-job-token")]
    [InlineData("ARM_CLIENT_ID=application-1;ARM_CLIENT_SECRET=wrong-entra-secret;ARM_TENANT_ID=tenant-1;DATABRICKS_AZURE_RESOURCE_ID=/subscriptions/s/r")]
    [InlineData("DATABRICKS_TOKEN=dapi-personal;DATABRICKS_CLIENT_ID=principal;DATABRICKS_CLIENT_SECRET=dose-secret")]
    public void No_stream_shows_a_secret(string variables)
    {
        Set(("AZURE_AUTHORITY_HOST", _server.Uri.ToString()));
        (string Name, string Value)[] set = [.. variables.Split(';').Select(pair => pair.Split('=')).Select(pair => (pair[0], pair[0] == "SYSTEM_OIDCREQUESTURI" ? new Uri(_server.Uri, pair[1]).ToString() : pair[1]))];
        Set([.. set.Select(pair => (pair.Name, (string?)pair.Value))]);
        ScriptResult result = _session.Run(
            """
            $VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
            foreach ($command in
                { Connect-Mlflow databricks }, { Get-MlflowConnection -TrackingUri databricks }, { Test-MlflowConnection -TrackingUri databricks },
                { New-MlflowExperiment /Shared/deep/x -TrackingUri databricks }, { Start-MlflowRun -TrackingUri databricks -Experiment /Shared/deep/x },
                { Write-MlflowMetric m 1 }, { Stop-MlflowRun }) { try { & $command } catch { $_; $_.Exception; $_.Exception.ToString(); $_.Exception.InnerException } }
            """);
        string[] secrets = [.. set.Where(pair => pair.Name.Contains("TOKEN") || pair.Name.Contains("SECRET")).Select(pair => pair.Value), .. _server.Workspace!.IssuedTokens];
        string[] all = [.. AllText(result)];
        Assert.NotEmpty(secrets);
        Assert.True(all.Length > 50);
        Assert.DoesNotContain(all, text => secrets.Any(text.Contains));
    }

    private static IEnumerable<string> AllText(ScriptResult result)
    {
        IEnumerable<object?> all = [.. result.Output, .. result.Streams.Error, .. result.Streams.Warning, .. result.Streams.Verbose, .. result.Streams.Debug, .. result.Streams.Information, .. result.Streams.Progress];
        foreach (PSObject item in all.Where(item => item is not null).Select(PSObject.AsPSObject))
        {
            yield return item.ToString();
            foreach (PSPropertyInfo property in item.Properties.Where(property => property.IsGettable && property is not PSScriptProperty))
                yield return property.Value is System.Collections.IEnumerable and not string ? string.Join(' ', ((System.Collections.IEnumerable)property.Value).Cast<object>()) : $"{property.Value}";
        }

        foreach (ErrorRecord error in result.Errors)
            yield return error.Exception.ToString();
    }

    private static void Set(params (string Name, string? Value)[] variables)
    {
        foreach ((string name, string? value) in variables)
            Environment.SetEnvironmentVariable(name, value);
    }
}
