using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests sending once, checking and receiving, as a script does it.</summary>
public sealed class ReceiveTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Fact]
    public async Task A_folder_is_sent_once_checked_and_received()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Write("out/a.txt", "a");
        _session.Write("out/d/b.txt", "bb");
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $run = Start-MlflowRun
            Send-MlflowArtifact out -Verify -ThrottleLimit 1 | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
            Send-MlflowArtifact out -ThrottleLimit 1 | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
            Send-MlflowArtifact out/a.txt out -Resend | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
            Receive-MlflowArtifact -Destination got -ThrottleLimit 1 | ForEach-Object { "$($_.Status) $($_.ArtifactPath) $($_.Length) $($_.RunId -eq $run.RunId)" }
            Get-MlflowArtifact -Recurse | Receive-MlflowArtifact -Destination got -ThrottleLimit 1 | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
            $run | Receive-MlflowArtifact out/d | ForEach-Object { "$($_.Status) $($_.ArtifactPath) $($_.Path)" }
            Receive-MlflowArtifact -Destination nowhere -WhatIf
            """,
            ("Uri", server.Uri.ToString())).Clean();
        Assert.Equal(
            ["Sent out/a.txt", "Sent out/d/b.txt", "Unchanged out/a.txt", "Unchanged out/d/b.txt", "Sent out/a.txt",
                "Received out/a.txt 1 True", "Received out/d/b.txt 2 True", "Unchanged out/a.txt", "Unchanged out/d/b.txt",
                $"Unchanged out/d/b.txt {Path.Combine(_session.Folder, "out", "d", "b.txt")}"],
            result.Texts);
        Assert.Equal("bb", File.ReadAllText(Path.Combine(_session.Folder, "got", "out", "d", "b.txt")));
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "nowhere")));
    }

    [Fact]
    public async Task What_cannot_be_received_is_an_error_with_a_name_and_a_row()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Write("a.txt", "a");
        _session.Run("Connect-Mlflow $Uri | Out-Null; Start-MlflowRun | Out-Null; Send-MlflowArtifact a.txt", ("Uri", server.Uri.ToString())).Clean();
        _session.Write("got/a.txt", "other");
        ScriptResult result = _session.Run("Receive-MlflowArtifact -Destination got; Receive-MlflowArtifact nothing; Receive-MlflowArtifact ../x");
        Assert.Equal(
            ["ArtifactReceiveFailed", "ArtifactNotFound", "ArtifactPathInvalid"],
            result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        dynamic row = Assert.Single(result.Output);
        Assert.Equal(("Failed", "a.txt"), ($"{row.Status}", (string)row.ArtifactPath));
        Assert.Equal("other", File.ReadAllText(Path.Combine(_session.Folder, "got", "a.txt")));
        Assert.Equal("Received", _session.Run("(Receive-MlflowArtifact -Destination got -Force).Status").Clean().Texts.Single());

        server.Faults.Add("GET", "*mlflow-artifacts/artifacts", Faults.Answer(200, """{"files": [{"path": "../../evil", "file_size": 1}]}"""));
        result = _session.Run("Receive-MlflowArtifact -Destination got");
        Assert.Equal("ArtifactPathInvalid", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);

        result = _session.Run("Receive-MlflowArtifact -Destination got/a.txt/below");
        Assert.Equal("ArtifactReceiveFailed", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public async Task A_server_that_keeps_something_else_is_found_out()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Write("a.txt", "a");
        server.Faults.Add("PUT", "*a.txt", (context, handle) =>
        {
            context.Request.Body = new MemoryStream("b"u8.ToArray());
            return handle();
        });
        ScriptResult result = _session.Run("Connect-Mlflow $Uri | Out-Null; Start-MlflowRun | Out-Null; Send-MlflowArtifact a.txt -Verify", ("Uri", server.Uri.ToString()));
        Assert.Equal("ArtifactSendFailed", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
        dynamic row = Assert.Single(result.Output);
        Assert.Equal("Failed", $"{row.Status}");
        Assert.Contains("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", (string)row.Reason);
        Assert.Contains("3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d", (string)row.Reason);
    }

    public void Dispose() => _session.Dispose();
}
