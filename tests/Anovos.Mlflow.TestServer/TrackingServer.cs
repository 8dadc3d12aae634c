using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// An MLflow tracking server in memory, on a free port of this machine, with faults to inject and a record of what it was asked.
/// </summary>
public sealed class TrackingServer : IAsyncDisposable
{
    private readonly TrackingServerOptions _options;
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private int _underway;
    private readonly ArtifactStore _artifacts;
    private readonly TrackingState _state;
    private readonly MultipartEndpoints? _multipart;
    private readonly SignedBucket? _bucket;
    private readonly RequestPipeline _pipeline;
    private readonly WebApplication _app;
    private readonly X509Certificate2? _root, _authority;

    private TrackingServer(TrackingServerOptions options)
    {
        _options = options;
        _artifacts = new ArtifactStore(options.ArtifactRoot, options.BucketScheme);
        _state = new TrackingState(options.Version, options.Workspace is null ? _artifacts.Root : DatabricksWorkspace.ArtifactRoot);
        _multipart = options.HasBucket ? new MultipartEndpoints(_artifacts, options.Version, options.BucketAddress) : null;
        _bucket = options.ArtifactRoot == ArtifactRootKind.Bucket ? new SignedBucket(options.BucketAddress!) : null;
        Workspace = options.Workspace is null ? null : new DatabricksWorkspace(options.Workspace, _state, _artifacts);
        _pipeline = new RequestPipeline(options, _state, _artifacts, _multipart, _bucket, Workspace);
        if (options.HasIntermediateAuthority)
            (_root, _authority, Certificate) = Certificates.CreateChain();
        else if (options.UseTls)
            Certificate = Certificates.Create("mlflow test server");
        ClientCertificate = options.RequireClientCertificate ? Certificates.Create("mlflow test client") : null;
        _app = KestrelHost.Build(Certificate, ClientCertificate, _authority);
        _app.Run(HandleAsync);
    }

    /// <summary>The tracking URI, prefix included.</summary>
    public Uri Uri { get; private set; } = null!;

    /// <summary>Every request so far, in the order they came.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    /// <summary>How many requests are being handled, those of clients that are gone included.</summary>
    public int Underway => Volatile.Read(ref _underway);

    /// <summary>The artifacts by path under the artifact root, as <c>1/&lt;run&gt;/artifacts/a.txt</c>.</summary>
    public IReadOnlyDictionary<string, StoredArtifact> Artifacts => _artifacts.All;

    /// <summary>The runs in the order they were made.</summary>
    public IReadOnlyList<StoredRun> Runs
    {
        get
        {
            lock (_state)
                return [.. _state.Runs.Values];
        }
    }

    /// <summary>The experiments in the order they were made; the first is Default.</summary>
    public IReadOnlyList<StoredExperiment> Experiments
    {
        get
        {
            lock (_state)
                return [.. _state.Experiments.Values];
        }
    }

    /// <summary>The registered models in the order they were made.</summary>
    public IReadOnlyList<StoredModel> Models
    {
        get
        {
            lock (_state)
                return [.. _state.Models.Values];
        }
    }

    /// <summary>What is to go wrong.</summary>
    public FaultList Faults { get; } = new();

    /// <summary>What a Databricks workspace has beside its tracking server; null where it is none.</summary>
    public DatabricksWorkspace? Workspace { get; }

    /// <summary>The folder of <see cref="ArtifactRootKind.File"/>; null otherwise.</summary>
    public string? ArtifactFolder => _artifacts.RootFolder;

    /// <summary>As PEM, the root of <see cref="TrackingServerOptions.HasIntermediateAuthority"/>.</summary>
    public string AuthorityPem => _root!.ExportCertificatePem();

    /// <summary>As PEM, the authority between that root and the server.</summary>
    public string IntermediatePem => _authority!.ExportCertificatePem();

    /// <summary>The server's certificate, self-signed unless it has an authority; null without TLS.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>The same as PEM, which a client must trust.</summary>
    public string CertificatePem => Certificate!.ExportCertificatePem();

    /// <summary>The only client certificate that the server takes; null when it asks for none.</summary>
    public X509Certificate2? ClientCertificate { get; }

    /// <summary>The same as PEM, followed by its key.</summary>
    public string ClientCertificatePem => Certificates.WithKey(ClientCertificate!);

    /// <summary>Starts a server; without options 3.11, open to everyone.</summary>
    public static async Task<TrackingServer> StartAsync(TrackingServerOptions? options = null)
    {
        var server = new TrackingServer(options ?? new TrackingServerOptions());
        await server._app.StartAsync();
        server.Uri = new Uri(server._app.Urls.First() + server._options.PathPrefix);
        return server;
    }

    /// <summary>The artifacts of a run by their path in it.</summary>
    public IReadOnlyDictionary<string, StoredArtifact> ArtifactsOf(string runId)
    {
        string root = _artifacts.PathOf(Runs.Single(run => run.RunId == runId).ArtifactUri) + "/";
        return Artifacts.Where(pair => pair.Key.StartsWith(root, StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key[root.Length..], pair => pair.Value);
    }

    /// <summary>Stores an artifact under any name, as another client of the bucket behind the server does.</summary>
    public Task StoreAsync(string runId, string path, byte[] content)
    {
        string? root = _artifacts.PathOf(Runs.Single(run => run.RunId == runId).ArtifactUri);
        return _artifacts.SaveAsync($"{root}/{path}", new MemoryStream(content), _ => { }, default);
    }

    /// <summary>How many uploads in parts were begun and neither completed nor aborted.</summary>
    public int UnfinishedUploads => _multipart?.Unfinished ?? 0;

    /// <summary>Has the bucket refuse the addresses that were given out for parts.</summary>
    public void ExpirePartAddresses() => _multipart!.ExpireAddresses();

    /// <summary>Signs the next so many URLs of <see cref="ArtifactRootKind.Bucket"/> as if it were yesterday.</summary>
    public void ExpireNextAddresses(int count) => _bucket!.ExpireNext(count);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A fault may hold a request forever: it must not hold the test.
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        _artifacts.Dispose();
        _bucket?.Dispose();
        Certificate?.Dispose();
        _authority?.Dispose();
        _root?.Dispose();
        ClientCertificate?.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        Interlocked.Increment(ref _underway);
        try
        {
            await RecordAsync(context);
        }
        finally
        {
            Interlocked.Decrement(ref _underway);
        }
    }

    private async Task RecordAsync(HttpContext context)
    {
        var recorded = new RecordedRequest
        {
            Method = context.Request.Method,
            Path = RequestReader.TargetOf(context.Request),
            Headers = context.Request.Headers.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        };
        _requests.Enqueue(recorded);
        if (!HttpMethods.IsPut(context.Request.Method))
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            recorded.Body = body.ToArray();
            recorded.BodyLength = body.Length;
        }

        Task Handle() => _pipeline.HandleAsync(context, recorded);
        await (Faults.Take(recorded.Method, RequestReader.PathOf(context.Request)) is { } fault ? fault(context, Handle) : Handle());
    }
}
