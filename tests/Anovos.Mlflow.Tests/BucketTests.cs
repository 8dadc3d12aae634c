using System.Text.Json;
using Anovos.Mlflow.TestServer;

[assembly: AssemblyFixture(typeof(Anovos.Mlflow.Tests.EndOfEmulators))]

namespace Anovos.Mlflow.Tests;

/// <summary>Runs the tests against a fake of S3.</summary>
public sealed class BucketTests() : S3BucketContract("s3");

/// <summary>Runs the tests against an S3 emulator.</summary>
public sealed class BucketOnAnEmulatorTests() : S3BucketContract("s3rver");

/// <summary>Runs the tests against a fake of Google Cloud Storage.</summary>
public sealed class GcsBucketTests() : BucketContract("gcs")
{
    [Fact]
    public void A_key_that_Google_does_not_know_is_an_error_and_no_line_of_it_is_printed()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        string path = GoogleKeys.WriteFile(CloudStores.GcsAccount, Cloud.Uri, key);
        ScriptResult result = SendWith(("GOOGLE_APPLICATION_CREDENTIALS", path));
        Assert.StartsWith("AuthenticationFailed", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Contains("Invalid JWT Signature", result.Errors[0].Exception.Message);
        Assert.DoesNotContain(key.ExportPkcs8PrivateKeyPem().Split('\n')[5], result.Errors[0].Exception.ToString());
    }

    [Fact]
    public void Without_credentials_the_error_says_where_they_are_looked_for()
    {
        ScriptResult result = SendWith(
            ("GOOGLE_APPLICATION_CREDENTIALS", null), ("CLOUDSDK_CONFIG", Session.Folder), ("NO_GCE_CHECK", "true"));
        Assert.StartsWith("AuthenticationFailed", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Contains("GOOGLE_APPLICATION_CREDENTIALS is not set", result.Errors[0].Exception.Message);
    }

    [Fact]
    public void A_run_is_copied_from_bucket_to_bucket()
    {
        Session.Write("file.txt", "something");
        ScriptResult result = Session.Run(
            """
            $null = New-MlflowExperiment here -ArtifactLocation "$Place/here" -TrackingUri ./mlruns
            $null = New-MlflowExperiment there -ArtifactLocation "$Place/there" -TrackingUri ./copies
            $null = Start-MlflowRun -Experiment here -TrackingUri ./mlruns
            $null = Send-MlflowArtifact ./file.txt folder
            $null = Stop-MlflowRun
            (Get-MlflowRun -TrackingUri ./mlruns | Copy-MlflowRun -Experiment there -Destination ./copies).Status
            $copy = Get-MlflowRun -TrackingUri ./copies
            ($copy | Get-MlflowArtifact -Recurse).ArtifactPath
            ($copy | Receive-MlflowArtifact -Destination ./back).Status
            [IO.File]::ReadAllText("$PWD/back/folder/file.txt")
            """,
            ("Place", Place)).Clean();
        Assert.Equal(["Synced", "folder", "folder/file.txt", "Received", "something"], result.Texts);
    }

    [Fact]
    public void On_a_Google_machine_its_metadata_server_gives_the_credentials()
    {
        string path = Session.Write(
            "script.ps1",
            """
            Import-Module $args[0]
            Set-Content file.txt something
            $null = New-MlflowExperiment bucket -ArtifactLocation $args[1] -TrackingUri ./mlruns
            $null = Start-MlflowRun -Experiment bucket -TrackingUri ./mlruns
            (Send-MlflowArtifact ./file.txt).Status
            (Receive-MlflowArtifact -Destination ./back).Status
            """);
        (int exitCode, string output, string error) = CleanProcess.Run(
            Repository.Pwsh,
            ["-NoProfile", "-NonInteractive", "-File", path, Repository.StagedModule, Place],
            Session.Folder,
            [
                ("HOME", Session.Folder), ("PATH", Environment.GetEnvironmentVariable("PATH")), ("GCE_METADATA_HOST", Cloud.Uri.Authority),
                ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", Cloud.Uri.AbsoluteUri),
            ]);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(["Sent", "Received"], output.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain(Cloud.Requests, request => request.Path == "/token");
    }

    private ScriptResult SendWith(params (string Name, string? Value)[] variables)
    {
        foreach ((string name, string? value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
            Variables[name] = "";
        }

        Session.Write("file.txt", "something");
        return Session.Run(
            """
            $null = New-MlflowExperiment bucket -ArtifactLocation $Place -TrackingUri ./mlruns
            $null = Start-MlflowRun -Experiment bucket -TrackingUri ./mlruns
            Send-MlflowArtifact ./file.txt
            """,
            ("Place", Place));
    }
}

/// <summary>Tests runs with artifacts in a bucket, and workflows with outputs in a bucket.</summary>
public abstract class BucketContract : IDisposable
{
    private readonly ScriptSession _session = new();
    private string _place;
    private readonly Dictionary<string, string> _environment;
    private readonly FakeCloud? _fake;
    private readonly string _etag;

    protected BucketContract(string store)
    {
        _place = $"{CloudStores.BucketUri(store)}/{Guid.NewGuid():N}";
        _etag = CloudStores.IsGcs(store) ? "^[0-9]{16}$" : "^[0-9a-f]{32}$";
        _fake = CloudStores.IsFake(store) ? CloudStores.StartFakeAsync(store).GetAwaiter().GetResult() : null;
        Uri? address = _fake?.Uri ?? CloudEmulator.Find(store);
        Assert.SkipWhen(address is null, CloudEmulator.Missing(store));
        _environment = CloudStores.Environment(store, address!);
        foreach ((string name, string value) in _environment)
            Environment.SetEnvironmentVariable(name, value);
    }

    private protected ScriptSession Session => _session;

    protected string Place => _place;

    protected FakeCloud Cloud => _fake!;

    protected Dictionary<string, string> Variables => _environment;

    [Fact]
    public void Artifacts_go_to_a_bucket_and_come_back_and_are_not_sent_twice()
    {
        _session.Write("file.txt", "something");
        ScriptResult result = _session.Run(
            """
            $null = New-MlflowExperiment bucket -ArtifactLocation $Place -TrackingUri ./mlruns
            $null = Start-MlflowRun -Experiment bucket -TrackingUri ./mlruns
            1..2 | ForEach-Object { (Send-MlflowArtifact ./file.txt folder).Status }
            (Get-MlflowArtifact -Recurse).ArtifactPath
            (Receive-MlflowArtifact -Destination ./back).Status
            [IO.File]::ReadAllText("$PWD/back/folder/file.txt")
            """,
            ("Place", _place)).Clean();
        Assert.Equal(["Sent", "Unchanged", "folder", "folder/file.txt", "Received", "something"], result.Texts);
    }

    [Fact]
    public void Outputs_in_a_bucket_are_found_sent_from_there_and_recorded_by_reference()
    {
        string config = Workflow();
        ScriptResult result = _session.Run(
            """
            $config = Import-AnovosConfig $Config
            $config | Get-AnovosOutput | Where-Object Tracked | ForEach-Object { "$($_.Exists) $($_.Bytes) $($_.Files.ArtifactPath)" }
            $null = $config | Start-MlflowRun -TrackingUri ./mlruns
            1..2 | ForEach-Object { Send-AnovosArtifact } | ForEach-Object { "$($_.Status) $($_.ArtifactPath) $($_.Path -eq "$Place/out/final_dataset/part-0")" }
            Send-AnovosArtifact -ByReference | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
            (Receive-MlflowArtifact -Destination ./back).Status -ne 'Received'
            [IO.File]::ReadAllText("$PWD/back/final_dataset/part-0")
            """,
            ("Config", config), ("Place", _place)).Clean();
        Assert.Equal(
            ["True 9 final_dataset/part-0", "Sent final_dataset/part-0 True", "Unchanged final_dataset/part-0 True", "Sent final_dataset.manifest.json", "something"],
            result.Texts);
        JsonElement file = JsonDocument.Parse(File.ReadAllText(Path.Combine(_session.Folder, "back", "final_dataset.manifest.json"))).RootElement.GetProperty("files")[0];
        Assert.Equal((9, $"{_place}/out/final_dataset/part-0"), (file.GetProperty("length").GetInt64(), file.GetProperty("uri").GetString()));
        Assert.Matches(_etag, file.GetProperty("etag").GetString());
    }

    [Fact]
    public async Task A_file_of_a_bucket_reaches_a_server_that_passes_artifacts_on()
    {
        string config = Workflow();
        await using TrackingServer server = await TrackingServer.StartAsync();
        ScriptResult result = _session.Run(
            "Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri $Uri | Send-AnovosArtifact -Verify | ForEach-Object { \"$($_.Status) $($_.ArtifactPath)\" }",
            ("Config", config), ("Uri", server.Uri.AbsoluteUri)).Clean();
        Assert.Equal(["Sent final_dataset/part-0"], result.Texts);
    }

    public void Dispose()
    {
        foreach (string name in _environment.Keys)
            Environment.SetEnvironmentVariable(name, null);
        _session.Dispose();
        _fake?.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    // The final dataset in the bucket has one file of nine bytes, and a hidden checksum file.
    private string Workflow()
    {
        _session.Write("out/final_dataset/part-0", "something");
        _session.Write("out/final_dataset/.part-0.crc", "xxxx");
        _place = _session.Run(
            """
            $null = New-MlflowExperiment source -ArtifactLocation $Place -TrackingUri ./source
            $run = Start-MlflowRun -Experiment source -TrackingUri ./source
            $null = Send-MlflowArtifact ./out
            $null = Stop-MlflowRun
            "$Place/$($run.RunId)/artifacts"
            """,
            ("Place", _place)).Clean().Texts.Single();
        return _session.Write("config.yaml", $"write_main:\n  file_path: {_place}/out\nmlflow:\n  experiment: x\n  track_output: True\n  track_reports: False\n  track_intermediates: False\n");
    }
}

/// <summary>Tests that concern only S3.</summary>
public abstract class S3BucketContract(string store) : BucketContract(store)
{
    [Fact]
    public void That_TLS_is_not_checked_is_a_warning_and_a_bucket_that_is_not_there_an_error_with_its_name()
    {
        Session.Write("file.txt", "something");
        ScriptResult result = Session.Run(
            """
            $null = New-MlflowExperiment bucket -ArtifactLocation s3://no-such-bucket/x -TrackingUri ./mlruns
            $null = Start-MlflowRun -Experiment bucket -TrackingUri ./mlruns
            $env:MLFLOW_S3_IGNORE_TLS = 'true'
            try { Send-MlflowArtifact ./file.txt } finally { $env:MLFLOW_S3_IGNORE_TLS = $null }
            """);
        Assert.Contains("MLFLOW_S3_IGNORE_TLS", Assert.Single(result.Warnings));
        Assert.StartsWith("BucketNotFound", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Contains("no-such-bucket", result.Errors.Single().Exception.Message);
    }
}

/// <summary>Stops the emulators after the tests.</summary>
public sealed class EndOfEmulators : IDisposable
{
    public void Dispose() => CloudEmulator.Stop();
}
