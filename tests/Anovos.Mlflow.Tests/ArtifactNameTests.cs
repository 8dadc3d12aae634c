using System.IO.Compression;
using System.Text;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests names that an MLflow server would decode, as scripts encounter them.</summary>
public sealed class ArtifactNameTests : IDisposable
{
    private static readonly string[] Names =
        ["a.csv", "ts=10%3A00/p.csv", "city=A%2FB/p.csv", "report?", "x;", "tab\tbed.csv", "line\nend.csv", "50%.csv"];

    private readonly ScriptSession _session = new();

    [Fact]
    public async Task A_name_that_a_server_would_change_is_refused_alone_and_compress_keeps_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the names are not all allowed on Windows");
        await using TrackingServer server = await TrackingServer.StartAsync();
        foreach (string name in Names)
            _session.Write($"out/{name}", name);
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null; Start-MlflowRun | Out-Null
            Send-MlflowArtifact out -Verify | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
            """,
            ("Uri", server.Uri.ToString()));
        Assert.Equal(
            ["Sent out/50%.csv", "Sent out/a.csv"],
            result.Texts.Where(text => text.StartsWith("Sent ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(Names.Length, result.Texts.Length);
        Assert.Equal(Names.Length - 2, result.Errors.Length);
        Assert.All(result.Errors, error => Assert.Equal("ArtifactPathInvalid", error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.All(result.Errors, error => Assert.Contains("-Compress", error.ToString()));

        Assert.Equal(
            ["Sent out.zip", "Unchanged out.zip", "Sent data/out.zip"],
            _session.Run(
                """
                $null = Stop-MlflowRun; $null = Start-MlflowRun
                $rows = @(Send-MlflowArtifact out -Compress; Send-MlflowArtifact out -Compress)
                $rows += @(Send-MlflowArtifact out data -Compress -ContentOnly -Verify)
                $rows | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
                """).Clean().Texts);
        result = _session.Run("Receive-MlflowArtifact -Destination got -Expand").Clean();
        Assert.All(result.Output, row => Assert.Equal("Received", $"{((dynamic)row).Status}"));
        AssertTree("got/out");
        AssertTree("got/data");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_session.Folder, "got"), "*.zip", SearchOption.AllDirectories));
        result = _session.Run("Receive-MlflowArtifact -Destination got -Expand").Clean();
        Assert.All(result.Output, row => Assert.Equal("Unchanged", $"{((dynamic)row).Status}"));
    }

    [Fact]
    public async Task A_folder_or_file_with_such_a_name_gets_a_zip_of_its_own()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        foreach (string name in new[] { "city=A%2FB/p", "city=A_2FB/p", "a%20b.csv" })
            _session.Write(name, name);
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null; $run = Start-MlflowRun
            $rows = Send-MlflowArtifact city=A%2FB, city=A_2FB, a%20b.csv -Compress
            $rows | ForEach-Object { "$($_.Status) $($_.ArtifactPath) $($_.Path)" }
            $run | Receive-MlflowArtifact -Destination got -Expand | ForEach-Object { "$($_.Status) $($_.ArtifactPath)" }
            """,
            ("Uri", server.Uri.ToString())).Clean();
        Assert.All(
            result.Texts.Take(3),
            text => Assert.Matches(@"^Sent (city=A_2FB-[0-9a-f]{8}|city=A_2FB|a_20b\.csv-[0-9a-f]{8})\.zip ", text));
        Assert.Contains($"Sent city=A_2FB.zip {Path.Combine(_session.Folder, "city=A_2FB")}", result.Texts);
        Assert.Equal(
            ["Received a%20b.csv", "Received city=A%2FB/p", "Received city=A_2FB/p"],
            result.Texts.Skip(3).Order(StringComparer.Ordinal));
        Assert.Equal("city=A%2FB/p", File.ReadAllText(Path.Combine(_session.Folder, "got", "city=A%2FB", "p")));
    }

    [Fact]
    public async Task What_the_server_has_under_such_a_name_is_not_received_or_removed_in_place_of_another()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        string id = Start(server);
        string[] paths = ["d/ts=10%3A00/p", "d/ts=10:00/p", "report", "report?"];
        foreach (string path in paths)
            await server.StoreAsync(id, path, Encoding.UTF8.GetBytes(path));

        ScriptResult result = _session.Run("Remove-MlflowArtifact 'report?', d/ts=10%3A00 -Recurse -Confirm:$false");
        Assert.Equal(2, result.Errors.Length);
        Assert.All(result.Errors, error => Assert.Equal("ArtifactPathInvalid", error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal(paths, server.ArtifactsOf(id).Keys.Order(StringComparer.Ordinal));

        result = _session.Run("Receive-MlflowArtifact -Destination got | ForEach-Object { \"$($_.Status) $($_.ArtifactPath)\" }");
        Assert.Equal(
            ["Failed d/ts=10%3A00", "Failed report?", "Received d/ts=10:00/p", "Received report"],
            // Windows does not allow a colon in a name.
            result.Texts.Select(text => text.Replace(OperatingSystem.IsWindows() ? "Failed d/ts=10:00" : "none", "Received d/ts=10:00/p"))
                .Order(StringComparer.Ordinal));
        result = _session.Run("Get-MlflowArtifact -Recurse | ForEach-Object ArtifactPath");
        Assert.Equal(["d", "d/ts=10%3A00", "d/ts=10:00", "d/ts=10:00/p", "report", "report?"], result.Texts.Order(StringComparer.Ordinal));
        Assert.Equal("ArtifactPathInvalid", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public async Task A_run_of_a_folder_with_such_a_name_is_synced_but_for_that_file()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Write("a%20b.csv", "1");
        _session.Write("c#d.csv", "2");
        _session.Write("e.csv", "3");
        string id = _session.Run(
            """
            $run = Start-MlflowRun -TrackingUri ./mlruns -Tag @{ team = 'x' }
            $rows = Send-MlflowArtifact a%20b.csv, c#d.csv, e.csv
            $null = Stop-MlflowRun
            $run.RunId
            """).Clean().Texts.Single();
        ScriptResult result = _session.Run("Sync-MlflowRun ./mlruns -TrackingUri $Uri", ("Uri", server.Uri.ToString()));
        dynamic row = Assert.Single(result.Output);
        Assert.Equal(("Incomplete", 1), ((string)row.Status, (int)row.Artifacts));
        Assert.Equal("ArtifactPathInvalid", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal(["e.csv"], server.ArtifactsOf((string)row.TargetRunId).Keys);
        result = _session.Run(
            "Get-MlflowRun -RunId $Id -TrackingUri $Uri | ForEach-Object { \"$($_.Status) $($_.Tags['team'])\" }",
            ("Id", (string)row.TargetRunId)).Clean();
        Assert.Equal(["Finished x"], result.Texts);
        Assert.Equal("3", _session.Run("(Get-MlflowArtifact -RunId $Id -TrackingUri ./mlruns).Count", ("Id", id)).Clean().Texts.Single());
    }

    [Fact]
    public async Task A_zip_leads_nowhere_but_into_the_destination()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        string id = Start(server);
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string name in new[] { "../evil", "/evil", "a/../../evil", "..\\evil", "C:/evil", "good" })
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write("x"u8);
            }
        }

        await server.StoreAsync(id, "d/x.zip", bytes.ToArray());
        await server.StoreAsync(id, "no.zip", "no zip"u8.ToArray());
        ScriptResult result = _session.Run(
            "Receive-MlflowArtifact -Destination got/in -Expand | Where-Object Status -eq Received | ForEach-Object ArtifactPath");
        Assert.Equal(["d/good"], result.Texts);
        Assert.Equal(6, result.Errors.Length);
        Assert.Equal(
            [Path.Combine("got", "in", "d", "good")],
            FilesBelow(_session.Folder));
    }

    public void Dispose() => _session.Dispose();

    private static string[] FilesBelow(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file))
            .Order(StringComparer.Ordinal)];

    private string Start(TrackingServer server) =>
        _session.Run("Connect-Mlflow $Uri | Out-Null; (Start-MlflowRun).RunId", ("Uri", server.Uri.ToString())).Clean().Texts.Single();

    private void AssertTree(string folder)
    {
        string root = Path.Combine(_session.Folder, folder);
        string[] found = FilesBelow(root);
        Assert.Equal(Names.Order(StringComparer.Ordinal), found);
        Assert.All(found, name => Assert.Equal(name, File.ReadAllText(Path.Combine(root, name))));
    }
}
