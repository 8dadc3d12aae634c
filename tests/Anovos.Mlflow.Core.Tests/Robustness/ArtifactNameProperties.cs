using System.Net;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Artifacts;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>
/// Whatever is sent exists under its own name with its own bytes, and what is refused would not. Nothing is received or removed under
/// another name than asked for.
/// </summary>
[Properties(Arbitrary = new[] { typeof(AnyName) }, MaxTest = 30)]
public sealed class ArtifactNameProperties
{
    private const string Endpoint = "/api/2.0/mlflow-artifacts/artifacts/";

    public static bool IsWindows => OperatingSystem.IsWindows();

    [Property]
    public Task On_2_17(AnyName[] names) => CheckAsync(names, MlflowVersion.V2_17);

    [Property]
    public Task On_3_11(AnyName[] names) => CheckAsync(names, MlflowVersion.V3_11);

    [Property]
    public Task On_3_17(AnyName[] names) => CheckAsync(names, MlflowVersion.V3_17);

    [Fact]
    public async Task On_a_real_server()
    {
        string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_TRACKING_URI");
        Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_TRACKING_URI names no server");
        await CheckAsync([.. AnyName.Arbitrary().Generator.Sample(200)], new Uri(uri!), stored: null);
    }

    [Property(Skip = "the names are not all allowed on Windows", SkipWhen = nameof(IsWindows))]
    public async Task A_folder_refuses_no_name_that_its_file_system_takes(AnyName[] names)
    {
        using var folder = new TemporaryFolder();
        using var store = new DirectoryStore(folder.Below("mlruns"));
        Run run = await StartAsync(store);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);

        // No file here may have the name of a drive.
        ArtifactUpload[] uploads = [.. Uploads(names).Where(upload => !upload.ArtifactPath.Split('/').Any(IsDrive))];
        Assert.All(await Artifacts.Uploads.SendAsync(artifacts, uploads), result => Assert.Null(result.Error));
        List<ArtifactReceived> received = [];
        IReadOnlyList<ListedArtifact> files = await ArtifactTree.FilesAsync(artifacts, "", 4, default);
        var receiver = new ArtifactReceiver(artifacts, 1, overwrite: false);
        await receiver.ReceiveAsync(files, folder.Below("got"), received.Add, _ => { }, default);
        Assert.Equal(uploads.Length, received.Count);
        Assert.All(received, result => Assert.Null(result.Error));
        Assert.All(received, result => Assert.Equal(result.Artifact.ArtifactPath, File.ReadAllText(result.Path)));
        foreach (ArtifactUpload upload in uploads)
        {
            Assert.Equal(upload.ArtifactPath, Encoding.UTF8.GetString(await ReadAsync(artifacts, upload.ArtifactPath)));
            Assert.Equal(upload.ArtifactPath, File.ReadAllText(Path.Combine(new Uri(run.ArtifactUri).LocalPath, upload.ArtifactPath)));
            await artifacts.DeleteAsync(upload.ArtifactPath, default);
        }

        Assert.Empty(await ArtifactTree.FilesAsync(artifacts, "", 4, default));
        Assert.Empty(Directory.EnumerateFiles(new Uri(run.ArtifactUri).LocalPath, "*", SearchOption.AllDirectories));
    }

    private static async Task CheckAsync(AnyName[] names, MlflowVersion version)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = version });
        await CheckAsync(names, server.Uri, server.ArtifactsOf);
    }

    private static async Task CheckAsync(AnyName[] names, Uri server, Func<string, IReadOnlyDictionary<string, StoredArtifact>>? stored)
    {
        using var store = new RestStore(server, new());
        Run run = await StartAsync(store);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        ArtifactUpload[] uploads = Uploads(names);

        List<ArtifactUploaded> results = await Artifacts.Uploads.SendAsync(artifacts, uploads);

        Assert.Equal(uploads.Length, results.Count);
        string[] sent = [.. results.Where(result => result.Error is null).Select(result => result.Upload.ArtifactPath)];
        string[] refused = [.. results.Where(result => result.Error is not null).Select(result => result.Upload.ArtifactPath)];
        Assert.All(
            results.Where(result => result.Error is not null),
            result => Assert.Equal(ErrorKind.ArtifactPathInvalid, Assert.IsType<MlflowException>(result.Error).Kind));

        // What the server would have made of the refused paths, beside which nothing may be touched.
        using var client = new HttpClient();
        string root = $"{server.GetLeftPart(UriPartial.Authority)}{Endpoint}{run.ExperimentId}/{run.RunId}/artifacts/";
        foreach (string path in refused)
            using (await client.PutAsync(root + ArtifactPath.Escape(path), new ByteArrayContent(Encoding.UTF8.GetBytes(path))))
            {
            }

        foreach (string path in refused)
        {
            await AssertRefusedAsync(() => artifacts.ReceiveAsync(path, new MemoryStream(), _ => { }, default));
            await AssertRefusedAsync(() => artifacts.DeleteAsync(path, default));
            await AssertRefusedAsync(() => artifacts.ListAsync(path, default));

            // 2.17 lists a file with such a name, and does not send it.
            if (path.IndexOfAny(['\u0001', '\u007f']) < 0)
                Assert.DoesNotContain(await ListAsync(artifacts, path), entry => entry.ArtifactPath == path);
        }

        foreach (string path in sent)
        {
            Assert.Equal(path, Encoding.UTF8.GetString(await ReadAsync(artifacts, path)));
            Assert.Contains(await ListAsync(artifacts, path), entry => entry.ArtifactPath == path && !entry.IsDirectory);
            Assert.True(await IsListedAsync(path));
        }

        if (stored?.Invoke(run.RunId) is { } all)
        {
            Assert.All(sent, path => Assert.Equal(path, Encoding.UTF8.GetString(all[path].Bytes)));

            // 2.17 alone keeps control characters in the names of folders.
            foreach (string path in refused.Where(path => all.ContainsKey(path) && !RemoteArtifacts.ParentOf(path).Any(char.IsControl)))
                Assert.False(await IsListedAsync(path) && await IsReadAsync(path), path);
        }

        async Task<bool> IsListedAsync(string path)
        {
            string[] names = path.Split('/');
            for (int i = 0; i < names.Length; i++)
            {
                string folder = string.Join('/', [run.ExperimentId, run.RunId, "artifacts", .. names[..i]]);
                string address = $"{server.GetLeftPart(UriPartial.Authority)}{Endpoint.TrimEnd('/')}?path={Uri.EscapeDataString(folder)}";
                using JsonDocument list = JsonDocument.Parse(await client.GetStringAsync(address));
                if (!list.RootElement.TryGetProperty("files", out JsonElement files)
                    || !files.EnumerateArray().Any(file => file.GetProperty("path").GetString() == names[i]))
                {
                    return false;
                }
            }

            return true;
        }

        async Task<bool> IsReadAsync(string path)
        {
            using HttpResponseMessage response = await client.GetAsync(root + ArtifactPath.Escape(path));
            return response.IsSuccessStatusCode && await response.Content.ReadAsStringAsync() == path;
        }
    }

    // Each in a folder of its own, so that no path is the folder of another. The content is the path.
    private static ArtifactUpload[] Uploads(AnyName[] names) =>
        [.. names.Select((name, i) => Normal($"{i}/{name.Value}")).OfType<string>().Where(path => path.Contains('/')).Select(
            path => new ArtifactUpload(new BytesSource(path, Encoding.UTF8.GetBytes(path)), path))];

    private static bool IsDrive(string name) => name.Length == 2 && name[1] == ':';

    private static string? Normal(string path)
    {
        try
        {
            return ArtifactPath.Normalize(path);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactPathInvalid)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<Artifact>> ListAsync(IArtifactStore artifacts, string path)
    {
        string folder = RemoteArtifacts.ParentOf(path);
        return ServedPath.WhyChanged(folder) is null ? await artifacts.ListAsync(folder, default) : [];
    }

    private static async Task<byte[]> ReadAsync(IArtifactStore artifacts, string path)
    {
        using var content = new MemoryStream();
        await artifacts.ReceiveAsync(path, content, _ => { }, default);
        return content.ToArray();
    }

    private static async Task AssertRefusedAsync(Func<Task> work) =>
        Assert.Equal(ErrorKind.ArtifactPathInvalid, (await Assert.ThrowsAsync<MlflowException>(work)).Kind);

    private static async Task<Run> StartAsync(ITrackingStore store)
    {
        string id = await store.CreateExperimentAsync(new NewExperiment($"names {Guid.NewGuid():N}"), default);
        return await store.CreateRunAsync(new NewRun(id, null, "tester", 1), default);
    }
}
