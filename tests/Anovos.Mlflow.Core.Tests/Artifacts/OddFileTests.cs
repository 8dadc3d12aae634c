using System.Diagnostics;
using System.Net.Sockets;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Configuration;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Special entries among the files are reported and left out, and everything else is sent.</summary>
public sealed class OddFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private Socket? _socket;

    [Fact]
    public void What_is_no_file_is_named_and_left_out_of_a_listing()
    {
        MakeOddFiles();
        FolderListing listing = FolderListing.Of(_folder.FullPath, default);
        Assert.Equal(["a.txt", "linked.txt", "sub/b.txt"], listing.Files.Select(file => file.RelativePath));
        foreach (string part in new[] { "pipe is a named pipe", "socket is a socket", "device is a device", "linked-pipe is a named pipe", "itself is a link", "circle is a link", "broken is a link" })
            Assert.Contains(listing.Problems, problem => problem.Contains(part));
        Assert.Equal(7, listing.Problems.Count);
    }

    [Fact]
    public void What_is_no_file_is_named_and_left_out_of_an_output()
    {
        MakeOddFiles("final_dataset");
        AnovosPlan plan = AnovosPlan.Of(Configuration.Sample.Read("write_main: {file_path: .}\n" + Configuration.Sample.Tracking), _folder.FullPath);
        ScannedOutput output = OutputScan.Of(plan).Single(row => row.Files.Count > 0);
        Assert.Equal(["a.txt", "b.txt", "linked.txt"], output.Files.Select(file => Path.GetFileName(file.FullPath)).Order());
        foreach (string name in new[] { "pipe", "socket", "device", "linked-pipe", "broken", "circle" })
            Assert.Contains(output.Errors, error => error.Contains(_folder.Below("final_dataset", name)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_no_file_and_what_has_gone_fails_alone_in_a_transfer(bool server)
    {
        MakeOddFiles();
        await using TrackingServer tracking = await TrackingServer.StartAsync();
        using ITrackingStore store = server ? new RestStore(tracking.Uri, new ConnectionOptions()) : new DirectoryStore(_folder.Below("mlruns"));
        string experiment = await store.CreateExperimentAsync(new NewExperiment("odd"), default);
        Run run = await store.CreateRunAsync(new NewRun(experiment, null, "ada", 1), default);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        string[] odd = ["pipe", "socket", "device", "linked-pipe", "broken", "gone.txt", "sub"];
        File.WriteAllText(_folder.Below("gone.txt"), "soon");
        ArtifactUpload[] uploads = [.. odd.Concat(["a.txt", "linked.txt", "sub/b.txt"]).Select(name => new ArtifactUpload(new FileInfo(_folder.Below(name)), name))];
        File.Delete(_folder.Below("gone.txt"));

        List<ArtifactUploaded> results = await Uploads.SendAsync(artifacts, uploads);

        Assert.Equal(odd.Order(), results.Where(result => result.Error is not null).Select(result => result.Upload.ArtifactPath).Order());
        Assert.Equal(["a.txt", "linked.txt"], (await artifacts.ListAsync("", default)).Where(entry => !entry.IsDirectory).Select(entry => entry.ArtifactPath));
    }

    [Fact]
    public async Task A_path_of_more_than_260_characters_is_sent_like_any_other()
    {
        string relative = string.Join('/', Enumerable.Repeat(new string('d', 60), 8)) + "/" + new string('f', 100);
        string path = _folder.Below(relative.Split('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "deep");
        await using TrackingServer tracking = await TrackingServer.StartAsync();
        using var store = new RestStore(tracking.Uri, new ConnectionOptions());
        Run run = await store.CreateRunAsync(new NewRun(await store.CreateExperimentAsync(new NewExperiment("long"), default), null, "ada", 1), default);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        FileSource listed = Assert.Single(FolderListing.Of(_folder.FullPath, default).Files);
        Assert.All(await Uploads.SendAsync(artifacts, [new ArtifactUpload(new FileInfo(listed.Location), listed.RelativePath)]), result => Assert.Null(result.Error));
        Assert.Equal(relative, Assert.Single(tracking.ArtifactsOf(run.RunId)).Key);
    }

    [Fact]
    public async Task One_of_1000_files_that_may_not_be_read_fails_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no Unix permissions");
        Assert.SkipWhen(Environment.UserName == "root", "root may read everything");
        await SendThousandAsync(path => Shell($"chmod 000 '{path}'"));
    }

    [Fact]
    public Task One_of_1000_files_that_vanishes_after_the_listing_fails_alone() => SendThousandAsync(File.Delete);

    [Fact]
    public async Task A_name_that_is_no_UTF_8_fails_alone_and_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has such names");
        File.WriteAllText(_folder.Below("a.txt"), "a");
        Shell($"printf x > \"$(printf 'bad\\377name')\"");
        FolderListing listing = FolderListing.Of(_folder.FullPath, default);
        using var store = new DirectoryStore(_folder.Below("mlruns"));
        Run run = await store.CreateRunAsync(new NewRun(await store.CreateExperimentAsync(new NewExperiment("bytes"), default), null, "ada", 1), default);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        List<ArtifactUploaded> results = await Uploads.SendAsync(artifacts, [.. listing.Files.Select(file => new ArtifactUpload(new FileInfo(file.Location), file.RelativePath))]);
        Assert.Null(results.Single(result => result.Upload.ArtifactPath == "a.txt").Error);
        Assert.Contains("bad\uFFFDname", string.Join(" ", listing.Problems.Concat(results.Select(result => result.Error?.Message))));
    }

    public void Dispose()
    {
        _socket?.Dispose();

        // .NET cannot delete a file with this name.
        if (OperatingSystem.IsLinux())
            Shell("rm -f bad*name");
        _folder.Dispose();
    }

    private async Task SendThousandAsync(Action<string> spoil)
    {
        for (int i = 0; i < 1000; i++)
            File.WriteAllText(_folder.Below($"{i}"), "x");
        ArtifactUpload[] uploads = [.. FolderListing.Of(_folder.FullPath, default).Files.Select(file => new ArtifactUpload(new FileInfo(file.Location), file.RelativePath))];
        spoil(_folder.Below("500"));
        await using TrackingServer tracking = await TrackingServer.StartAsync();
        using var store = new RestStore(tracking.Uri, new ConnectionOptions());
        Run run = await store.CreateRunAsync(new NewRun(await store.CreateExperimentAsync(new NewExperiment("many"), default), null, "ada", 1), default);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        List<ArtifactUploaded> results = await Uploads.SendAsync(artifacts, uploads);
        Assert.Equal("500", Assert.Single(results, result => result.Error is not null).Upload.ArtifactPath);
        Assert.Equal(999, tracking.ArtifactsOf(run.RunId).Count);
    }

    private void MakeOddFiles(string folder = "")
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such files");
        Directory.CreateDirectory(_folder.Below(folder, "sub"));
        File.WriteAllText(_folder.Below(folder, "a.txt"), "a");
        File.WriteAllText(_folder.Below(folder, "sub", "b.txt"), "b");
        File.CreateSymbolicLink(_folder.Below(folder, "linked.txt"), _folder.Below(folder, "a.txt"));
        File.CreateSymbolicLink(_folder.Below(folder, "device"), "/dev/zero");
        File.CreateSymbolicLink(_folder.Below(folder, "linked-pipe"), _folder.Below(folder, "pipe"));
        File.CreateSymbolicLink(_folder.Below(folder, "broken"), _folder.Below("nothing"));
        File.CreateSymbolicLink(_folder.Below(folder, "circle"), _folder.Below(folder, "circle"));
        Directory.CreateSymbolicLink(_folder.Below(folder, "sub", "itself"), _folder.Below(folder));
        Shell($"mkfifo './{folder}/pipe'");
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _socket.Bind(new UnixDomainSocketEndPoint(_folder.Below(folder, "socket")));
    }

    private void Shell(string script)
    {
        ProcessStartInfo start = ProcessStart.Of("sh", "-c", script);
        start.WorkingDirectory = _folder.FullPath;
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
