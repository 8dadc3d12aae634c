using System.Text.RegularExpressions;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the features of newer servers as scripts see them.</summary>
public sealed class ServerTests : IAsyncLifetime
{
    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = [];
    private FakeCloud _bucket = null!;
    private TrackingServer _direct = null!;

    public async ValueTask InitializeAsync()
    {
        _bucket = await CloudStores.StartFakeAsync("s3");
        _direct = await TrackingServer.StartAsync(new TrackingServerOptions
        {
            Version = MlflowVersion.V3_17,
            ArtifactRoot = ArtifactRootKind.Bucket,
            BucketAddress = _bucket.Uri,
            Token = "a-token",
        });
        Set("MLFLOW_TRACKING_TOKEN", "a-token");
        Set("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0");
        Set("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0");
        Set("AWS_EC2_METADATA_DISABLED", "true");
        Set("AWS_SHARED_CREDENTIALS_FILE", Path.Combine(_session.Folder, "none"));
        Set("AWS_ACCESS_KEY_ID", null);
        Set("AWS_SECRET_ACCESS_KEY", null);
        Set("AWS_PROFILE", null);
        Set("MLFLOW_S3_ENDPOINT_URL", _bucket.Uri.AbsoluteUri);
    }

    [Fact]
    public void A_run_in_a_bucket_needs_no_credentials_and_no_url_is_shown()
    {
        _session.Write("file.txt", "something");
        ScriptResult result = _session.Run(
            """
            $VerbosePreference = $DebugPreference = 'Continue'
            Connect-Mlflow $Uri | Out-Null
            $null = Start-MlflowRun -Experiment bucket
            1..2 | ForEach-Object { (Send-MlflowArtifact ./file.txt folder -Verify).Status }
            (Get-MlflowArtifact -Recurse).ArtifactPath
            (Receive-MlflowArtifact -Destination ./back).Status
            [IO.File]::ReadAllText("$PWD/back/folder/file.txt")
            Remove-MlflowArtifact folder/file.txt -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable failed
            $failed.FullyQualifiedErrorId
            """,
            ("Uri", _direct.Uri.ToString()));
        Assert.Equal(["Sent", "Unchanged", "folder", "folder/file.txt", "Received", "something"], result.Texts.Take(6));
        Assert.StartsWith("ArtifactRemovalFailed,", Assert.Single(result.Texts.Skip(6)));
        Assert.All(result.Verbose, line => Assert.DoesNotContain("X-Amz", line));
        Assert.All(_bucket.Requests, request => Assert.False(request.Headers.ContainsKey("Authorization")));
    }

    [Fact]
    public void Neither_way_into_a_bucket_is_one_error_and_the_variable_takes_three_words()
    {
        _session.Write("file.txt", "something");
        ScriptResult result = _session.Run(
            """
            $env:ANOVOS_MLFLOW_PRESIGNED = 'never'
            $null = Start-MlflowRun -Experiment bucket -TrackingUri $Uri
            Send-MlflowArtifact ./file.txt
            $env:ANOVOS_MLFLOW_PRESIGNED = 'sometimes'
            Get-MlflowExperiment -TrackingUri $Uri
            $env:ANOVOS_MLFLOW_PRESIGNED = $null
            """,
            ("Uri", _direct.Uri.ToString()));
        Assert.Equal(2, result.Errors.Length);
        Assert.StartsWith("AuthenticationFailed", result.Errors[0].FullyQualifiedErrorId);
        Assert.Contains("No AWS credentials were found", result.Errors[0].Exception.Message);
        Assert.Contains("ANOVOS_MLFLOW_PRESIGNED is set to never", result.Errors[0].Exception.Message);
        Assert.StartsWith("InvalidValue", result.Errors[1].FullyQualifiedErrorId);
        Assert.Contains("auto or always or never", result.Errors[1].Exception.Message);
    }

    [Fact]
    public async Task The_connection_report_says_what_the_server_can_do_and_whether_its_bucket_can_be_reached()
    {
        await using TrackingServer away = await TrackingServer.StartAsync(new TrackingServerOptions
        {
            Version = MlflowVersion.V3_17,
            HasBucket = true,
            BucketAddress = new Uri("http://127.0.0.1:1"),
            HasWorkspaces = true,
        });
        await using TrackingServer old = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V2_17 });
        await using TrackingServer middle = await TrackingServer.StartAsync();
        _session.Write("file.txt", "something");
        ScriptResult result = _session.Run(
            """
            foreach ($uri in $Uris) {
                $null = Start-MlflowRun -Experiment bucket -TrackingUri $uri
                $null = Send-MlflowArtifact ./file.txt folder
                $null = Stop-MlflowRun
                $r = Test-MlflowConnection -TrackingUri $uri
                "$($r.Usable) $($r.StoreType) $($r.Workspaces) $($r.Multipart) $($r.Presigned) $($r.BucketHost) $($r.BucketReachable)"
            }
            """,
            ("Uris", new[] { _direct.Uri.ToString(), away.Uri.ToString(), middle.Uri.ToString(), old.Uri.ToString() })).Clean();
        Assert.Equal(
            [
                $"True SqlStore False False True {_bucket.Uri.Authority} True",
                "True SqlStore True True True 127.0.0.1:1 False",
                "True SqlStore False False False  ",
                "True      ",
            ],
            result.Texts);
    }

    [Fact]
    public void A_model_in_the_bucket_of_a_run_needs_no_credentials_either()
    {
        Assert.Null(Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID"));
        _session.Write("model/MLmodel", "flavors: {}\n");
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun -Experiment models -TrackingUri $Uri
            $null = Send-MlflowArtifact ./model
            $version = New-MlflowModelVersion churn -ModelUri "$($run.ArtifactUri)/model" -Confirm:$false
            $version.RunId -eq $run.RunId
            (Receive-MlflowModel models:/churn/1 -Destination ./back).GetType().Name
            [IO.File]::ReadAllText([IO.Directory]::GetFiles("$PWD/back", 'MLmodel', 'AllDirectories')[0]).Trim()
            """,
            ("Uri", _direct.Uri.ToString())).Clean();
        Assert.Equal(["True", "MlflowModel", "flavors: {}"], result.Texts);
        Assert.All(_bucket.Requests, request => Assert.False(request.Headers.ContainsKey("Authorization")));
    }

    [Theory]
    [InlineData(false, null, "")]
    [InlineData(true, null, "&workspace=default")]
    [InlineData(true, "team a", "&workspace=team%20a")]
    public async Task A_page_names_the_workspace_where_there_is_one(bool hasWorkspaces, string? workspace, string expected)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(
            new TrackingServerOptions { Version = MlflowVersion.V3_17, HasWorkspaces = hasWorkspaces });
        Set("MLFLOW_WORKSPACE", workspace);
        ScriptResult result = _session.Run(
            "$null = Start-MlflowRun -TrackingUri $Uri; (Show-MlflowRun -PassThru -WhatIf).AbsoluteUri",
            ("Uri", server.Uri.ToString())).Clean();
        string page = Assert.Single(result.Texts);
        Assert.Matches($"/#/experiments/0/runs/[0-9a-f]{{32}}\\?workflowType=machine_learning{Regex.Escape(expected)}$", page);
    }

    [Fact]
    public void A_file_that_a_command_wrote_is_shown_as_by_the_file_system()
    {
        _session.Write("flow.yaml", "input_dataset:\n  read_dataset:\n    file_path: data\n    file_type: csv\n");
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun -TrackingUri ./mlruns
            $report = Export-MlflowReport './re[port].html'
            $project = Import-AnovosConfig ./flow.yaml | Export-AnovosProject python -ArgumentList main.py -Path .
            foreach ($file in $report, $project) {
                # The view of files takes size and user from here.
                $isShown = $IsWindows -or $file.UnixStat.Size -eq $file.Length
                "$($file.GetType().Name) $($file.Name) $($file.PSProvider.Name) $isShown"
            }
            """).Clean();
        Assert.Equal(["FileInfo re[port].html FileSystem True", "FileInfo MLproject FileSystem True"], result.Texts);
    }

    [Fact]
    public async Task A_version_of_an_artifact_in_a_run_names_the_run_to_the_server()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V3_17 });
        _session.Write("model/MLmodel", "flavors: {}\n");
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun -TrackingUri $Uri
            $null = Send-MlflowArtifact ./model
            $version = New-MlflowModelVersion churn -ModelUri "$($run.ArtifactUri)/model" -Confirm:$false
            $version.RunId -eq $run.RunId
            """,
            ("Uri", server.Uri.ToString())).Clean();
        Assert.Equal(["True"], result.Texts);
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        _session.Dispose();
        await _direct.DisposeAsync();
        await _bucket.DisposeAsync();
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}
