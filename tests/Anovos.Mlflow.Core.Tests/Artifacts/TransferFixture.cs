using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>A run on a server or in a folder, files to send to it, and its own journal.</summary>
internal sealed class TransferFixture : IAsyncDisposable
{
    private readonly Func<ITrackingStore> _connect;
    private ITrackingStore _store;

    private TransferFixture(
        Func<ITrackingStore> connect, ITrackingStore store, Run run, TrackingServer? server, string folder, List<RetryNotice> retries)
    {
        (_connect, _store, Run, Folder, Retries) = (connect, store, run, folder, retries);
        Server = server!;
        Artifacts = ArtifactStores.Open(run, store, onRetry: null, Warnings.Adder());
    }

    public static TheoryData<string> Roots => new("directory", "2.17", "3.11", "3.17");

    public Run Run { get; }

    /// <summary>Null for a directory.</summary>
    public TrackingServer Server { get; }

    public string Folder { get; }

    public IArtifactStore Artifacts { get; private set; }

    public List<RetryNotice> Retries { get; }

    public List<string> Warnings { get; } = [];

    public string Destination => Path.Combine(Folder, "received");

    public string[] Puts => [.. Server.Requests.Where(request => request.Method == "PUT").Select(request => request.Path)];

    public static async Task<TransferFixture> OpenAsync(
        string root,
        bool inParts = false,
        int retries = 2,
        TimeSpan? timeout = null,
        Func<TrackingServerOptions, TrackingServerOptions>? change = null,
        Func<MultipartOptions, MultipartOptions>? multipart = null,
        PresignedUse presigned = PresignedUse.Auto)
    {
        string folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
        List<RetryNotice> notices = [];
        var serverOptions = new TrackingServerOptions
        {
            Version = root switch { "2.17" => MlflowVersion.V2_17, "3.17" => MlflowVersion.V3_17, _ => MlflowVersion.V3_11 },
            HasBucket = inParts,
            Token = inParts ? "a-token" : null,
        };
        serverOptions = change?.Invoke(serverOptions) ?? serverOptions;
        TrackingServer? server = root == "directory" ? null : await TrackingServer.StartAsync(serverOptions);
        ConnectionOptions options = OptionsOf(folder, inParts, retries) with
        {
            RequestTimeout = timeout ?? new ConnectionOptions().RequestTimeout,
            Token = serverOptions.Token,
            Presigned = presigned,
        };
        options = options with { Multipart = multipart?.Invoke(options.Multipart) ?? options.Multipart };
        ITrackingStore Connect() => server is null
            ? new DirectoryStore(Path.Combine(folder, "mlruns"))
            : new RestStore(server.Uri, options, notices.Adder());
        ITrackingStore store = Connect();
        string id = await store.CreateExperimentAsync(new NewExperiment("transfers"), default);
        Run run = await store.CreateRunAsync(new NewRun(id, null, "tester", 1), default);
        return new TransferFixture(Connect, store, run, server, folder, notices);
    }

    private static ConnectionOptions OptionsOf(string folder, bool inParts, int retries) => new()
    {
        Retry = new RetryPolicy { MaxRetries = retries, BackoffFactor = 0.001, Jitter = 0.001 },
        Multipart = new MultipartOptions { ThroughServer = inParts, MinimumFileBytes = 1_000_000, PartBytes = 100_000, RecordsFolder = Path.Combine(folder, "sent") },
    };

    /// <summary>Opens the artifacts again, like the next command or another session.</summary>
    public void Open(bool isNewSession)
    {
        Artifacts.Dispose();
        if (isNewSession)
        {
            (_store as IDisposable)?.Dispose();
            _store = _connect();
        }

        Artifacts = ArtifactStores.Open(Run, _store, onRetry: null, Warnings.Adder());
    }

    public SentJournal Journal() => new(Run.RunId, Path.Combine(Folder, "sent"));

    public ArtifactUpload File(string artifactPath, int length)
    {
        string path = Path.Combine(Folder, "files", artifactPath.Replace('/', '_').Replace('?', '_'));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(length));
        return new ArtifactUpload(new FileInfo(path), artifactPath);
    }

    /// <summary>Sends. Returns a string for each file: <c>path Sent</c>, <c>path Unchanged</c> or <c>path</c> with the error.</summary>
    public async Task<string[]> SendAsync(IReadOnlyList<ArtifactUpload> uploads, bool resend = false, bool verify = false, SentJournal? journal = null, Action<TransferProgress>? progress = null, Action<string>? completed = null, int parallelism = 4, CancellationToken cancellationToken = default)
    {
        List<string> results = [];
        await new ArtifactTransfer(Artifacts, parallelism, new SendPolicy(journal ?? Journal(), resend, verify)).SendAsync(
            [.. uploads.Select(upload => upload.Source is FileSource file ? new ArtifactUpload(new FileInfo(file.Location), upload.ArtifactPath) : upload)],
            result =>
            {
                lock (results)
                    results.Add($"{result.Upload.ArtifactPath} {result.Error?.Message ?? (result.Unchanged is null ? "Sent" : "Unchanged")}");
                completed?.Invoke(result.Upload.ArtifactPath);
            },
            progress ?? (_ => { }),
            cancellationToken);
        return [.. results.Order(StringComparer.Ordinal)];
    }

    /// <summary>Receives. Returns a string for each file, like <see cref="SendAsync"/>.</summary>
    public async Task<string[]> ReceiveAsync(string artifactPath = "", bool overwrite = false, bool? ignoresCase = null, Action<TransferProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        List<string> results = [];
        IReadOnlyList<ListedArtifact> files = await ArtifactTree.FilesAsync(Artifacts, artifactPath, 4, cancellationToken);
        await new ArtifactReceiver(Artifacts, 4, overwrite, ignoresCase).ReceiveAsync(
            files,
            Destination,
            result =>
            {
                lock (results)
                    results.Add($"{result.Artifact.ArtifactPath} {result.Error?.Message ?? (result.Unchanged ? "Unchanged" : "Received")}");
            },
            progress ?? (_ => { }),
            cancellationToken);
        return [.. results.Order(StringComparer.Ordinal)];
    }

    /// <summary>All files below the destination.</summary>
    public string[] Received() => Directory.Exists(Destination)
        ? [.. Directory.EnumerateFiles(Destination, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Destination, file).Replace('\\', '/')).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Makes the server list this instead of its artifacts.</summary>
    public void Lists(string json, int times = 1) => Server.Faults.Add("GET", "*mlflow-artifacts/artifacts", Faults.Answer(200, json), times);

    public async ValueTask DisposeAsync()
    {
        Artifacts.Dispose();
        (_store as IDisposable)?.Dispose();
        if (Server is not null)
            await Server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
